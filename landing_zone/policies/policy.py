"""What a policy is: how bad it is to break it, why, what to do, what can be set, and its judgement."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictStr
from pydantic.alias_generators import to_camel

from landing_zone.policies.facts import Facts, Subject
from landing_zone.pricing.money import EXACT
from landing_zone.settings import fields
from landing_zone.settings.problems import Path


class Severity(Enum):
    """How bad it is if a policy is broken."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Scope(Enum):
    """What a policy must see to judge."""

    EACH = "each"
    """One resource at a time."""
    WHOLE = "whole"
    """All of a stack."""


class Frozen(BaseModel):
    """Unknown keys are refused; camelCase outside."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class Exempt(Frozen):
    """That one resource need not keep to a policy, until a day."""

    resource: Annotated[StrictStr, Field(min_length=1)] = Field(
        description="Its name: a project's id, PROJECT/KEY, a path of the stack file or a URN."
    )
    owner: Annotated[StrictStr, Field(min_length=1)] = Field(description="Who answers for it.")
    reason: Annotated[StrictStr, Field(min_length=1)] = Field(description="Why.")
    expires: fields.Day = Field(description="The last day on which it holds (Pacific), as 2027-01-31.")

    def covers(self, subject: Subject) -> bool:
        """Whether it is about this one."""
        return self.resource in subject.names


class Options(Frozen):
    """What can be set for a policy."""

    exceptions: tuple[Exempt, ...] = Field(
        default=(),
        description="Resources that need not keep to it, each with an owner, a reason and a last day.",
    )


@dataclass(frozen=True)
class Excess:
    """By how much a budget is over what is allowed; amounts are those of one of its periods."""

    amount: Decimal
    """The budget's."""
    most: Decimal
    """What is allowed, if only this budget is lowered; it may be below 0."""
    months: Decimal
    """How long a period is."""

    @property
    def monthly(self) -> Decimal:
        """What is too much, a month."""
        return EXACT.divide(self.amount - self.most, self.months)


@dataclass(frozen=True)
class Finding:
    """That something does not keep to a policy."""

    subject: Subject
    message: str
    """What is wrong with it, in words, without its name."""
    remedy: str
    """What to write instead."""
    mended: bool = False
    """Whether `remediate` puts it right."""
    elsewhere: str = ""
    """What to do instead where no stack file says it: in a program of one's own."""
    live: str = ""
    """What to do instead with what exists and no program is known to manage."""
    place: Path = ()
    """Where in the stack file the remedy is to be written, if that is known."""
    excess: Excess | None = None
    others: tuple["Finding", ...] = ()
    """Those that the same edit puts right."""

    @property
    def subjects(self) -> list[Subject]:
        """All that it is about, each once."""
        found: dict[tuple[str, str], Subject] = {}
        for each in (self, *self.others):
            found.setdefault((each.subject.kind, each.subject.name), each.subject)
        return list(found.values())

    @property
    def text(self) -> str:
        """What is wrong with what."""
        by_message: dict[str, list[str]] = {}
        for each in (self, *self.others):
            by_message.setdefault(each.message, []).append(each.subject.label)
        return "; ".join(
            f"{first} {message}" + (f"; the same holds for {', '.join(rest)}" if rest else "")
            for message, (first, *rest) in by_message.items()
        )

    @property
    def advice(self) -> str:
        """What to do, where it is."""
        if self.subject.path:
            return self.remedy
        return (not self.subject.urn and self.live) or self.elsewhere or self.remedy


Judge = Callable[[Facts, Any], Iterator[Finding]]
Fix = Callable[[str, Mapping[str, Any], Any], Mapping[str, Any] | None]
"""(Pulumi's type token, its inputs, options) -> inputs that keep to the policy; None if they do or it is not for it."""


@dataclass(frozen=True)
class Policy:
    """One rule."""

    id: str
    """Stable: configuration and exceptions name it."""
    title: str
    """What must hold, in a sentence without a full stop."""
    severity: Severity
    scope: Scope
    reason: str
    """Why: a paragraph of Markdown."""
    remedy: str
    """What to do, in a sentence."""
    source: tuple[str, str]
    """The incident or rule it comes from, and its address."""
    judge: Judge
    options: type[Options] = Options
    needs: tuple[str, ...] = ()
    """Options of which one must be set: without any, nothing is judged."""
    fix: Fix | None = None

    def idle(self, facts: Facts, options: Options) -> bool:
        """Whether nothing is set to judge by. An allowance may be a project's own, from `limits.derive`."""
        own = "max_overshoot" in self.needs and any(project.allowance for project in facts.projects)
        return bool(self.needs) and not own and not any(getattr(options, name) for name in self.needs)

    @property
    def page(self) -> str:
        """Its page, in the repository."""
        return f"docs/policies/{self.id}.md"

    def schema(self) -> tuple[dict[str, Any], list[str]]:
        """The JSON Schema of each option, without references, and which are required."""
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
