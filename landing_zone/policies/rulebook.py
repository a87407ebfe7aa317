"""The policy owner's folder: environments.json, and the configuration of each environment beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from landing_zone.policies.configuration import DEFAULT, Configuration, read_configuration
from landing_zone.policies.environments import NO_FILE, Environments, Placement, read_environments, split
from landing_zone.policies.facts import Facts
from landing_zone.policies.judge import JudgedBy, Report, combined, judge

FOLDER: Final = Path("policy/config")
"""Where a project keeps it."""


@dataclass(frozen=True)
class Rulebook:
    """The configurations by which policies judge."""

    folder: Path
    further: tuple[Path, ...] = ()
    """Files that override those of the folder, a later one an earlier one."""

    @cached_property
    def environments(self) -> Environments:
        """What environments.json says. Raises ConfigurationError."""
        return read_environments(self.folder)

    def files(self, environment: str) -> tuple[Path, ...]:
        """The files that make up an environment's configuration, a later one over an earlier one."""
        own = self.folder / f"{environment}.json"
        return (*([] if self.environments is NO_FILE else [own]), *self.further)

    @cached_property
    def _configurations(self) -> dict[str, Configuration]:
        return {}

    def configuration(self, environment: str) -> Configuration:
        """The configuration of an environment. Raises ConfigurationError with every mistake in its files."""
        files = self.files(environment)
        if environment not in self._configurations:
            self._configurations[environment] = read_configuration(*files) if files else DEFAULT
        return self._configurations[environment]

    def digest(self, configuration: Configuration) -> str:
        """A hash of all that judges: levels and options, and the whole of environments.json."""
        whole = self.environments.model_dump_json(by_alias=True)
        return sha256(f"{configuration.digest}{whole}".encode()).hexdigest()[:12]

    def _why(self, environment: str, placement: Placement, what: str) -> str:
        """Why an environment's configuration judges: which file says so, or that none does."""
        if self.environments is NO_FILE:
            return f"{what}; no {self.folder / 'environments.json'}"
        if environment == placement.stack:
            return what
        if placement.stack is None and environment == self.environments.strictest:
            return f"{what}, which is in no environment: the strictest"
        return f"projects of {what} that are in it"

    def judged_by(
        self, environment: str, configuration: Configuration, placement: Placement, what: str
    ) -> JudgedBy:
        """What to show of an environment whose configuration judges.

        Args:
            environment: its name.
            configuration: by which it is judged; with a pack, it is not the files' alone.
            placement: says which environment each project is in.
            what: what is judged, such as `stack gemini-landing-zone/prod`.
        """
        return JudgedBy(environment, self._why(environment, placement, what), self.digest(configuration))

    def judge(
        self,
        name: str,
        facts: Facts,
        placement: Placement,
        what: str,
        *,
        remediates: bool = True,
        values: Mapping[str, Any] = MappingProxyType({}),
    ) -> Report:
        """Judge the facts of each environment by its configuration.

        Args:
            name: of the stack, or of the audited folders and projects.
            facts: the facts to judge.
            placement: says which environment each project is in.
            what: what is judged, such as `stack gemini-landing-zone/prod`.
            remediates: False if nothing applies fixes, as in an audit.
            values: contents of the stack file, if the facts come from one.

        Raises:
            ConfigurationError: a configuration has mistakes.
        """
        reports = []
        for environment, part in split(facts, placement).items():
            configuration = self.configuration(environment)
            report = judge(name, part, configuration, remediates=remediates, values=values)
            used = self.judged_by(environment, configuration, placement, what)
            reports.append(
                replace(report, environments=(used,), configuration=tuple(map(str, self.files(environment))))
            )
        return combined(reports)
