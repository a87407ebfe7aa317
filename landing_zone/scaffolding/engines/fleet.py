"""The fleet as an engine has to know it: its stacks, their order, and what decrypts their secrets."""

from dataclasses import dataclass
from typing import Final

PULUMI: Final = "3.259.0"
"""The Pulumi CLI that engines run: the one that this project pins and is tested with."""
DRIFT_CRON: Final = "23 3 * * *"
"""Every night, UTC, as in the files of `gemini-lz ci`."""


@dataclass(frozen=True)
class Member:
    """A stack of the fleet."""

    name: str
    after: tuple[str, ...] = ()
    """The stacks that are updated before it."""
    secrets_provider: str = ""
    """`secretsprovider` of its file; empty if it has none."""

    def by_passphrase(self, *, on_pulumi_cloud: bool) -> bool:
        """Whether a passphrase encrypts its secrets: by default on self-managed backends, else if its file says so."""
        default = self.secrets_provider in ("", "default")
        return self.secrets_provider == "passphrase" or (default and not on_pulumi_cloud)


@dataclass(frozen=True)
class Source:
    """Where an engine gets the program and the stack files from."""

    repository: str
    """For git: https://… or ssh://… or git@host:path. For GitHub: owner/name."""
    branch: str
    folder: str
    """Of Pulumi.yaml in the repository; empty for its top."""
