"""Findings of the preflight, and the commands that remedy them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from landing_zone.settings.problems import Path, path_text
from landing_zone.settings.source import StackFile

CONSOLE: Final = "https://console.cloud.google.com"


class Level(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """`up` would fail, in part or whole."""
    WARNING = "warning"
    """`up` would succeed, and leave something that is probably not wanted."""
    NOTE = "note"
    """Something that cannot be seen beforehand."""


@dataclass(frozen=True)
class Finding:
    """One finding."""

    id: str
    level: Level
    text: str
    remedy: str
    command: str = ""
    """A shell command, or several lines of them; empty if there is none."""
    path: Path = ()
    """The place in the stack file; empty if no setting is the cause."""
    paid: tuple[str, ...] = ()
    """Names of the projects that cannot be on the paid tier because of it."""

    def as_json(self, file: StackFile) -> dict[str, Any]:
        """The finding as JSON."""
        return {
            "id": self.id,
            "level": str(self.level),
            "text": self.text,
            "remedy": self.remedy,
            "command": self.command or None,
            "file": file.file if self.path else None,
            "line": file.line(self.path),
            "path": path_text(self.path, file.key(self.path)) if self.path else None,
        }

    def where(self, file: StackFile) -> str:
        """The place as `stacks/Pulumi.prod.yaml:12: gemini-landing-zone:projects.chat.tier`; empty without one."""
        if not self.path:
            return ""
        line = file.line(self.path)
        return f"{file.file}{f':{line}' if line else ''}: {path_text(self.path, file.key(self.path))}"


def grant(resource: str, member: str, role: str) -> str:
    """The gcloud command that grants a role on `folders/1`, `billingAccounts/X`, `projects/P/serviceAccounts/A`, …"""
    kind, _, name = resource.partition("/")
    project, _, account = name.partition("/serviceAccounts/")
    group = {
        "folders": f"resource-manager folders add-iam-policy-binding {name}",
        "organizations": f"organizations add-iam-policy-binding {name}",
        "billingAccounts": f"billing accounts add-iam-policy-binding {name}",
        "projects": f"iam service-accounts add-iam-policy-binding {account} --project={project}"
        if account
        else f"projects add-iam-policy-binding {name}",
        "tagValues": f"resource-manager tags values add-iam-policy-binding {resource}",
    }[kind]
    # Without it, gcloud asks where the policy has conditions.
    return f'gcloud {group} --member="{member}" --role={role} --condition=None'
