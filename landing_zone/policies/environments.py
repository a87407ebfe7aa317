"""The file environments.json beside the configurations: which environment's configuration judges a project.

It is the policy owner's, not that of the author of a stack: the name of a stack, and all that its file says, is the
author's.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError

from landing_zone.gemini.limits import Limits
from landing_zone.policies.configuration import ConfigurationError, described, load_json
from landing_zone.policies.facts import UNKNOWN, Budget, Cap, Facts, Project, Unknown
from landing_zone.policies.policy import Frozen
from landing_zone.pricing.rates import LIST_PRICES, Terms
from landing_zone.settings import fields
from landing_zone.settings.problems import nearest
from landing_zone.settings.terms import AccountTermsSettings

FILE: Final = "environments.json"
_ID: Final = re.compile(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]*")
"""A project's id, as opposed to its number or a URN."""
_NO_TERMS: Final = AccountTermsSettings()

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_Name: Any = fields.matching(
    _NAME.pattern,
    "an environment's name",
    "write letters, digits, _, . and -, a letter or digit first, such as prod: its configuration is prod.json",
)
_Stack: Any = fields.matching(
    r"([^/\s]+/)?[^/\s]+/[^/\s]+", "a stack's whole name", "write PROJECT/STACK or ORGANIZATION/PROJECT/STACK"
)
_Project: Any = fields.matching(
    r"([a-z0-9.-]+:)?[a-z0-9-]+", "a project's id", "write it as Google has it, such as acme-chat-prod"
)
_Folder: Any = fields.matching(
    r"folders/[0-9]+", "a folder", "write its number, such as folders/123456789012"
)


class Environments(Frozen):
    """The contents of the file; without one, every policy is mandatory for everything."""

    environments: Annotated[tuple[_Name, ...], Field(min_length=1)] = Field(
        description="Environments, the strictest last. Each has a configuration NAME.json beside this file.",
        examples=['["dev", "prod"]'],
    )
    stacks: dict[_Stack, _Name] = Field(
        default={}, description="Stack, as PROJECT/STACK or ORGANIZATION/PROJECT/STACK -> its environment."
    )
    projects: dict[_Project, _Name] = Field(
        default={}, description="Id of a Google Cloud project -> its environment."
    )
    folders: dict[_Folder, _Name] = Field(
        default={}, description="folders/123 -> the environment of the projects in it."
    )
    organizations: dict[fields.Organization, _Name] = Field(
        default={}, description="organizations/123 -> the environment of its other projects."
    )
    account_terms: dict[fields.BillingAccount, AccountTermsSettings] = Field(
        default={},
        description="Billing account -> its contract and tier, as accountTerms of a stack file. Worst cases count "
        "with these alone: what a stack file states prices its estimate.",
    )
    guard_hosts: tuple[_Project, ...] = Field(
        default=(),
        description="Ids of projects in which spend guards of this project run: they may hold their role, and count as "
        "what stops a project. Guards in others do neither.",
    )
    not_for_gemini: tuple[_Project, ...] = Field(
        default=(), description="Ids of paid projects that need neither budgets nor limits on the Gemini API."
    )

    @property
    def maps_parents(self) -> bool:
        """True if folders or organizations decide."""
        return bool(self.folders or self.organizations)

    @property
    def strictest(self) -> str:
        """The environment of whatever nothing else is said of."""
        last: str = self.environments[-1]
        return last

    def stricter(self, names: Iterable[str]) -> str | None:
        """The strictest of some environments; None if there is none."""
        return max(names, key=self.environments.index, default=None)

    def of_stack(self, organization: str, project: str, stack: str) -> str | None:
        """The environment of a stack; None if the file does not name it."""
        full = f"{organization}/{project}/{stack}"
        return self.stacks.get(full) or self.stacks.get(f"{project}/{stack}")

    def terms_of(self, account: str | Unknown | None) -> AccountTermsSettings:
        """The contract of a billing account; list prices and no limits of a tier if the file does not have it."""
        return _NO_TERMS if isinstance(account, Unknown) else self.account_terms.get(account or "", _NO_TERMS)

    def prices_of(self, account: str | Unknown | None, currency: str | None) -> Terms:
        """The prices of a billing account, in a currency if the file has its rate; else in US dollars."""
        terms = self.terms_of(account)
        return terms.terms(currency) or terms.terms(None) or LIST_PRICES

    def tier_limits_of(self, account: str | Unknown | None) -> Mapping[str, Limits]:
        """The limits of a billing account's tier, by model."""
        return self.terms_of(account).tier_limits


def measured(project: Project, amounts: Iterable[Budget | Cap], environments: Environments) -> Project:
    """The project with its account's prices, in the currency of its budgets and caps, and with its tier's limits."""
    currencies = {
        each.currency
        for each in amounts
        if not isinstance(each.projects, Unknown)
        and project.ids & set(each.projects)
        and isinstance(each.currency, str)
    }
    currency = currencies.pop() if len(currencies) == 1 else None
    return replace(
        project,
        terms=environments.prices_of(project.account, currency),
        tier_limits=environments.tier_limits_of(project.account),
    )


NO_FILE: Final = Environments(environments=("default",))
"""What holds without the file."""


def read_environments(folder: Path) -> Environments:
    """The file in a folder; NO_FILE if there is none. Raises ConfigurationError with every mistake in it."""
    path = folder / FILE
    if not path.exists():
        return NO_FILE
    values, found = load_json(path), NO_FILE
    mistakes: list[tuple[str, str, str]] = []
    try:
        found = Environments.model_validate_json(json.dumps(values))
    except ValidationError as error:
        mistakes += described(Environments, error, "docs/policy.md")
    mistakes += _mistaken_names(values, folder)
    if mistakes:
        lines = [f"{path}: {where}\n    {reason}\n    {remedy}" for where, reason, remedy in mistakes]
        raise ConfigurationError("\n".join(lines))
    return found


def _mistaken_names(values: Any, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Environments without a configuration, and names that are no environment's, in values that are not checked yet."""
    listed = values.get("environments") if isinstance(values, dict) else None
    names = (
        [each for each in listed if isinstance(each, str) and _NAME.fullmatch(each)]
        if isinstance(listed, list)
        else []
    )
    for name in names:
        if not (folder / f"{name}.json").is_file():
            yield (
                "environments",
                f"{name!r} has no configuration",
                f'write {folder / name}.json: {{"all": "mandatory"}}',
            )
    for part in ("stacks", "projects", "folders", "organizations") if names else ():
        entries = values.get(part)
        for key, name in entries.items() if isinstance(entries, dict) else ():
            if isinstance(name, str) and _NAME.fullmatch(name) and name not in names:
                near = nearest(name, names) or ", ".join(names)
                yield (
                    f"{part}.{key}",
                    f"{name!r} is not among environments",
                    f"write {near}, or add it to environments",
                )


@dataclass(frozen=True)
class Placement:
    """Finds the environment of each project of a stack: the strictest of the stack's and the project's own."""

    environments: Environments
    stack: str | None = None
    """Environment of the stack; None if the file does not name it, or there is no stack."""
    folders: Mapping[str, str | Unknown | None] = field(default_factory=dict)
    """Parents of the folders that are known: name or URN -> parent."""
    suspects: bool = True
    """True if a project that may be in a stricter environment counts as in it; False if only what is known counts."""

    @property
    def default(self) -> str:
        """The environment of what belongs to no project."""
        return self.stack or self.environments.strictest

    def of(self, project: Project) -> str:
        """The environment of a project."""
        named = [
            self.environments.projects[each] for each in project.ids if each in self.environments.projects
        ]
        if named:
            return self._with_stack(named)
        # A program need not say the parent of a project that it does not create.
        parent = UNKNOWN if project.parent is None and not project.created else project.parent
        if not any(map(_ID.fullmatch, project.ids)):
            # Known by its number alone, it may be any project that the file names.
            suspects = self._may_be(self.environments.projects.values())
            return self._with_stack([self._below(parent), *suspects])
        return self._below(parent)

    def of_reference(self, reference: str | Unknown | None) -> str:
        """The environment of a project that is known by a reference alone."""
        if reference is None:
            return self.default
        if isinstance(reference, str) and reference in self.environments.projects:
            return self._with_stack([self.environments.projects[reference]])
        if isinstance(reference, str) and _ID.fullmatch(reference):
            return self._below(UNKNOWN)
        return self._with_stack(self._may_be([*self._parents(), *self.environments.projects.values()]))

    def _below(self, parent: str | Unknown | None) -> str:
        """The environment of what is in a folder or an organization."""
        seen = set()
        while isinstance(parent, str) and parent not in seen:
            found = self.environments.folders.get(parent) or self.environments.organizations.get(parent)
            if found:
                return self._with_stack([found])
            seen.add(parent)
            # A folder whose own parents are not known may be in any folder.
            parent = self.folders.get(parent, None if parent.startswith("organizations/") else UNKNOWN)
        return self._with_stack(self._may_be(self._parents()) if parent is UNKNOWN else [])

    def _parents(self) -> list[str]:
        return [*self.environments.folders.values(), *self.environments.organizations.values()]

    def _may_be(self, names: Iterable[str]) -> list[str]:
        return list(names) if self.suspects else []

    def _with_stack(self, own: Iterable[str]) -> str:
        names = [*own, *([self.stack] if self.stack else [])]
        return self.environments.stricter(names) or self.environments.strictest


def split(facts: Facts, placement: Placement) -> Mapping[str, Facts]:
    """The facts of each environment, by its name. What concerns projects of several is in each of theirs."""
    known: dict[str | Unknown | None, str] = {
        reference: placement.of(project) for project in facts.projects for reference in project.ids
    }

    def of(reference: str | Unknown | None) -> str:
        return known.get(reference) or placement.of_reference(reference)

    def of_all(references: tuple[str, ...] | Unknown) -> set[str]:
        if isinstance(references, Unknown):
            return {of(UNKNOWN)}
        return {of(each) for each in references} or {placement.default}

    parts: dict[str, list[tuple[Any, set[str]]]] = {
        "projects": [(each, {placement.of(each)}) for each in facts.projects],
        "budgets": [(each, of_all(each.projects)) for each in facts.budgets],
        "caps": [(each, of_all(each.projects)) for each in facts.caps],
        "guards": [(each, {of(each.project)}) for each in facts.guards],
        "keys": [(each, {of(each.project)}) for each in facts.keys],
        "apis": [(each, {of(each.project)}) for each in facts.apis],
        "quotas": [(each, {of(each.project)}) for each in facts.quotas],
        "grants": [(each, {of(each.on)}) for each in facts.grants],
        "locations": [(each, {placement.default}) for each in facts.locations],
    }
    names = {name for entities in parts.values() for _, own in entities for name in own}
    # What is not known may be about any project.
    names |= {placement.default} if facts.resources else set()
    parts["resources"] = [(each, names) for each in facts.resources]
    if len(names) <= 1:
        return dict.fromkeys(names or {placement.default}, facts)
    found = {}
    for name in sorted(names, key=placement.environments.environments.index):
        own: dict[str, Any] = {
            kind: tuple(each for each, of_each in entities if name in of_each)
            for kind, entities in parts.items()
        }
        found[name] = replace(facts, **own)
    return found
