"""The stack files of a split: that of the stack that is split, and those of the new stacks, as texts.

While a split is at work, both kinds have a mark, the key `split`, by which no program takes them:

1. The old file gets the mark, which has the plan, and names what several stacks use as existing: `with_mark`.
2. Each new file is made of that one, with a mark: `of_part`.
3. In the end each new file loses its mark (`without_mark`), and the old one its mark and what moved (`of_rest`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from landing_zone.scaffolding.stack_text import EditError, Path, StackText
from landing_zone.settings.merge import project_values
from landing_zone.settings.problems import SPLIT, setting_of_key
from landing_zone.settings.values import items, value

ENCRYPTION: Final = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""Keys of a stack file that say how its secrets are encrypted. Source: workspace.ProjectStack of Pulumi's SDK."""
_OF_ONE_STACK: Final = (SPLIT, "stackLabel", "topics", "dashboard")
"""Settings of the environment that a new stack does not take over."""
_CONFIG: Final = "config"


@dataclass(frozen=True)
class Part:
    """A new stack."""

    stack: str
    projects: tuple[str, ...]


@dataclass(frozen=True)
class Shared:
    """What projects that move use together with others: it stays at Google, and belongs to no stack any more."""

    channels: Mapping[str, str] = field(default_factory=dict)
    """Address → the channel's name."""
    topics: Sequence[str] = ()
    """Names under `topics`."""
    constraint: str | None = None
    dashboard: bool = False


@dataclass(frozen=True)
class Mark:
    """The mark of a split in a file."""

    source: str
    """The stack that is split."""
    parts: tuple[Part, ...]
    """The new stacks; none in the file of a new stack."""


class SplitFile:
    """A stack file of a split."""

    def __init__(self, text: str, pulumi_project: str) -> None:
        """Raises EditError: its projects are not written as lines."""
        self._text, self._project = text, pulumi_project
        config = StackText(text).values.get(_CONFIG) or {}
        self._keys = {
            setting: key for key in config if (setting := setting_of_key(key, pulumi_project)) is not None
        }
        self.values: dict[str, Any] = {setting: config[key] for setting, key in self._keys.items()}
        """The settings as texts."""
        if not isinstance(self.values.get("projects", {}), Mapping):
            raise EditError("its projects are one text: write them as lines of `name: …`")

    @property
    def mark(self) -> Mark | None:
        """The mark; None without one."""
        mark = self.values.get(SPLIT)
        if not isinstance(mark, Mapping):
            return None
        into = mark.get("into") or {}
        return Mark(str(mark.get("of")), tuple(Part(stack, tuple(names)) for stack, names in into.items()))

    def budgets_of(self, projects: Sequence[str]) -> tuple[str, ...]:
        """The shared budgets that count these projects alone. One that names none belongs to the old stack."""
        shared = self.values.get("sharedBudgets") or {}
        named = {name: items(budget, "projects") for name, budget in shared.items()}
        return tuple(name for name, counted in named.items() if counted and set(counted) <= set(projects))

    def with_mark(self, source: str, parts: Sequence[Part], shared: Shared) -> str:
        """The old file while it is split. Raises EditError."""
        file, topics = StackText(self._text), {name: self._full(name) for name in shared.topics}
        self._rename_topics(file, topics)
        if topics:
            left = [name for name in self.values.get("topics") or () if name not in topics]
            if left:
                file.put(self._path("topics"), left)
            else:
                file.remove([self._path("topics")])
        if shared.channels:
            channels = {**(self.values.get("budgetChannels") or {}), **shared.channels}
            file.put(self._path("budgetChannels"), channels, after=self._key("notificationProject"))
        if shared.constraint:
            file.put(self._path("keyConstraint"), shared.constraint, after=self._key("organization"))
        if shared.dashboard:
            file.remove([self._path("dashboard")])
        mark = {"of": source, "into": {part.stack: list(part.projects) for part in parts}}
        file.put(self._path(SPLIT), mark)
        return file.text

    def of_part(self, part: Part, encryption: Mapping[str, str]) -> str:
        """The file of a new stack, from the marked old one; it has its cipher texts still.

        `encryption`: the new stack's ENCRYPTION. Raises EditError.
        """
        source = self.mark.source if self.mark else ""
        file, values, budgets = StackText(self._text), self.values, self.budgets_of(part.projects)
        self._rename_topics(file, {name: self._full(name) for name in values.get("topics") or ()})
        used = {
            "projects": set(part.projects),
            "sharedBudgets": set(budgets),
            "channels": self._channels_of(part.projects),
            "accountTerms": self._accounts_of(part.projects, budgets),
        }
        gone = [self._path(name) for name in _OF_ONE_STACK] + [(key,) for key in ENCRYPTION]
        for setting, names in used.items():
            gone += [self._path(setting, name) for name in values.get(setting) or {} if name not in names]
        file.remove(gone)
        for name in part.projects:
            own = values["projects"][name]
            if own.get("stackLabel") is None:
                label = project_values(values, own).get("stackLabel") or source
                file.put(self._path("projects", name, "stackLabel"), label, after="projectId")
        for name in budgets:
            if values["sharedBudgets"][name].get("name") is None:
                title = f"{values.get('stackLabel') or source} {name} Gemini API"
                file.put(self._path("sharedBudgets", name, "name"), title)
        file.put(self._path(SPLIT), {"of": source})
        for key, each in encryption.items():
            file.put((key,), each)
        return file.text

    def of_rest(self) -> str:
        """The old file in the end, from the marked one. Raises EditError."""
        file = StackText(self._text)
        gone = [self._path(SPLIT)]
        for part in self.mark.parts if self.mark else ():
            gone += [self._path("projects", name) for name in part.projects]
            gone += [self._path("sharedBudgets", name) for name in self.budgets_of(part.projects)]
        file.remove(gone)
        return file.text

    def without_mark(self) -> str:
        """A new stack's file in the end."""
        file = StackText(self._text)
        file.remove([self._path(SPLIT)])
        return file.text

    def _path(self, setting: str, *below: str) -> Path:
        return (_CONFIG, self._key(setting), *below)

    def _key(self, setting: str) -> str:
        """The key of a setting; of one that the file lacks, in the form in which it has `projects`."""
        return self._keys.get(setting) or f"{self._keys['projects'].removesuffix('projects')}{setting}"

    def _full(self, topic: str) -> str:
        return f"projects/{self.values.get('notificationProject')}/topics/{topic}"

    def _rename_topics(self, file: StackText, topics: Mapping[str, str]) -> None:
        """Name topics in full wherever a budget names them."""
        owners = [("defaults", "budget"), *((*each, "budget") for each in self._below("projects"))]
        for setting, *below in (*owners, *self._below("sharedBudgets")):
            found = value(self.values, setting, *below, "topic")
            if found in topics:
                file.put(self._path(setting, *below, "topic"), topics[found])

    def _below(self, setting: str) -> list[tuple[str, str]]:
        return [(setting, name) for name in self.values.get(setting) or {}]

    def _channels_of(self, projects: Sequence[str]) -> set[str]:
        """The environment's channels that alerts of projects name."""
        merged = [project_values(self.values, self.values["projects"][name]) for name in projects]
        everything = [self.values.get("defaults") or {}, *merged]
        return {str(name) for each in everything for name in items(each, "alerts", "channels")}

    def _accounts_of(self, projects: Sequence[str], budgets: Sequence[str]) -> set[str]:
        """The billing accounts of projects and shared budgets."""
        own = [self.values["projects"][name] for name in projects]
        shared = [self.values["sharedBudgets"][name] for name in budgets]
        everything = [self.values, self.values.get("defaults") or {}, *own, *shared]
        return {str(account) for each in everything if (account := each.get("billingAccount"))}
