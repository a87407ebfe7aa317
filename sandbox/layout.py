"""Paths of the sandbox. Its state is in one folder that git ignores, except the CLI's cache."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Layout:
    """The paths of one sandbox: the program that it deploys, and the folder of its state."""

    program: Path
    """The folder of Pulumi.yaml."""
    state: Path
    """The sandbox's own folder; removing it removes all state."""

    @property
    def database(self) -> Path:
        """The local cloud's database."""
        return self.state / "cloud.sqlite"

    @property
    def ready_file(self) -> Path:
        """The local cloud's process and ports, while it serves."""
        return self.state / "cloud.json"

    @property
    def cloud_log(self) -> Path:
        """The local cloud's log."""
        return self.state / "cloud.log"

    @property
    def backend(self) -> Path:
        """Pulumi's state of the stack."""
        return self.state / "pulumi"

    def pulumi_home(self, provider: str) -> Path:
        """The CLI's PULUMI_HOME, with plugins and the selected stack. One for each gcp plugin."""
        return self.state / "home" / provider

    @property
    def gcloud(self) -> Path:
        """gcloud's configuration, so that the user's own stays as it is."""
        return self.state / "gcloud"


SANDBOX = Layout(program=ROOT, state=ROOT / ".sandbox")
"""The sandbox of `make up`."""
