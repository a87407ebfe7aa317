"""The type of a policy: its group, severity, reason, remedy, options and rule; and of its findings."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictStr
from pydantic.alias_generators import to_camel

from landing_zone.policies.facts import Facts, Kind, Subject
from landing_zone.pricing.money import EXACT
from landing_zone.settings import fields
from landing_zone.settings.problems import Path


class Severity(Enum):
    """Severity of a violation, in the words of Pulumi."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Group(Enum):
    """Subject of a policy. The documentation lists the groups in this order."""

    BUDGETS = "budgets"
    SPEND = "spend"
    KEYS = "keys"
    DATA = "data"
    GOVERNANCE = "governance"


class Scope(Enum):
    """Facts that a policy needs."""

    EACH = "each"
    """Those of one resource."""
    WHOLE = "whole"
    """Those of the whole stack."""


class Frozen(BaseModel):
    """A model that refuses unknown keys and has its keys in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class Exempt(Frozen):
    """An exception: a resource that may break a policy until a day."""

    resource: Annotated[StrictStr, Field(min_length=1)] = Field(
        description="Google's name of the resource: a project's id, PROJECT_ID/KEY_ID, or a full resource name."
    )
    owner: Annotated[StrictStr, Field(min_length=1)] = Field(description="Owner of the exception.")
    reason: Annotated[StrictStr, Field(min_length=1)] = Field(description="Reason for the exception.")
    expires: fields.Day = Field(description="Last day of the exception (Pacific), as 2027-01-31.")

    def covers(self, subject: Subject) -> bool:
        """True if the exception names this subject."""
        return self.resource in subject.names


class Options(Frozen):
    """Options of every policy."""

    exceptions: tuple[Exempt, ...] = Field(
        default=(),
        description="Resources that may break the policy, each with an owner, a reason and a last day.",
    )


@dataclass(frozen=True)
class Excess:
    """A budget above the allowed amount. Amounts are per period of the budget."""

    amount: Decimal
    """Amount of the budget."""
    most: Decimal
    """Allowed amount if no other budget is lowered; may be negative."""
    months: Decimal
    """Length of a period."""

    @property
    def monthly(self) -> Decimal:
        """Excess per month."""
        return EXACT.divide(self.amount - self.most, self.months)


@dataclass(frozen=True)
class Finding:
    """A violation of a policy."""

    subject: Subject
    message: str
    """The defect, without the subject's name."""
    remedy: str
    """Setting to write instead."""
    fixable: bool = False
    """True if `remediate` fixes it."""
    elsewhere: str = ""
    """Remedy in a program of one's own, where `remedy` is about the stack file."""
    live: str = ""
    """Remedy for a live resource that no known program manages."""
    setting: Path = ()
    """Path in the stack file of the setting to change; empty if unknown."""
    excess: Excess | None = None
    others: tuple["Finding", ...] = ()
    """Findings that the same edit fixes."""

    @property
    def subjects(self) -> list[Subject]:
        """All subjects, without repetition."""
        found: dict[tuple[str, str], Subject] = {}
        for each in (self, *self.others):
            found.setdefault((each.subject.kind, each.subject.name), each.subject)
        return list(found.values())

    @property
    def text(self) -> str:
        """Subjects and their defects, in a sentence."""
        by_message: dict[str, list[str]] = {}
        for each in (self, *self.others):
            by_message.setdefault(each.message, []).append(each.subject.label)
        return "; ".join(
            f"{first} {message}" + (f"; the same holds for {', '.join(rest)}" if rest else "")
            for message, (first, *rest) in by_message.items()
        )

    @property
    def advice(self) -> str:
        """The remedy that fits the subject: stack file, program or live resource."""
        if self.subject.path:
            return self.remedy
        return (not self.subject.urn and self.live) or self.elsewhere or self.remedy


Judge = Callable[[Facts, Any], Iterator[Finding]]
Fix = Callable[[str, Mapping[str, Any], Any], Mapping[str, Any] | None]
"""(Pulumi type token, inputs, options) -> inputs that comply; None if these do, or there is no fix for the type."""


@dataclass(frozen=True)
class Policy:
    """One rule."""

    id: str
    """Stable: configurations name it."""
    title: str
    """The rule as a sentence, without a full stop."""
    group: Group
    severity: Severity
    scope: Scope
    reason: str
    """A paragraph of Markdown."""
    remedy: str
    """A sentence."""
    source: tuple[str, str]
    """The incident or rule behind the policy, and its URL."""
    judge: Judge
    options: type[Options] = Options
    needs: tuple[str, ...] = ()
    """Options of which at least one must be set; otherwise nothing is judged."""
    fix: Fix | None = None
    counts: tuple[Kind, ...] = ()
    """Kinds of things whose unknown values matter to its findings on a project, besides the project's own."""

    def idle(self, facts: Facts, options: Options) -> bool:
        """True if none of `needs` is set. `limits.derive` of a project also sets an allowance."""
        own = "max_overshoot" in self.needs and any(project.allowance for project in facts.projects)
        usual = self.options()
        return (
            bool(self.needs)
            and not own
            and all(getattr(options, name) == getattr(usual, name) for name in self.needs)
        )

    @property
    def page(self) -> str:
        """Path of its page in the repository."""
        return f"docs/policies/{self.id}.md"

    def schema(self) -> tuple[dict[str, Any], list[str]]:
        """JSON Schema of each option, without references; and the names of the required ones."""
        whole = self.options.model_json_schema(by_alias=True)
        definitions = whole.get("$defs", {})
        properties = {name: _inlined(value, definitions) for name, value in whole["properties"].items()}
        return properties, whole.get("required", [])


def _inlined(value: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_inlined(each, definitions) for each in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _inlined(definitions[value["$ref"].rpartition("/")[2]], definitions)
    return {name: _inlined(each, definitions) for name, each in value.items() if name != "title"}
