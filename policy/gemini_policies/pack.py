"""The pack: each policy as one of Pulumi's, judging in three places.

At the stack itself, before anything is made: the settings of this project's own program, by every policy.
At each resource, before it is made: that resource, by the policies that need no more.
At the end of a preview and of an update: all resources, by those that need the whole.
What was told in one place is not told again in the next.
"""

import gc
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from gemini_policies import sdk
from gemini_policies.resources import PROJECT, Resource, concerns, facts_of
from gemini_policies.settings import Lines, settings_of
from gemini_policies.values import at, plain, wired
from landing_zone.policies import of_settings
from landing_zone.policies.catalogue import POLICIES
from landing_zone.policies.facts import UNKNOWN, Facts, Subject
from landing_zone.policies.judge import expired, outcomes
from landing_zone.policies.policy import Finding, Policy, Scope
from landing_zone.pricing.days import today

Report = Callable[..., None]
STACK: Final = "pulumi:pulumi:Stack"


class Operation:
    """What is known of the preview or update that runs."""

    def __init__(self) -> None:
        self.settings: Facts | None = None
        self.lines = Lines(sdk.STACK)
        self.subjects: Mapping[tuple[str, str], Subject] = {}
        self._told: dict[tuple[str, str, str], str] = {}
        self._whole: Facts | None = None
        self._each: tuple[ResourceValidationArgs, Facts] | None = None
        self._read = False

    def begin(self) -> None:
        """The stack is registered, before all else."""
        if self._read:
            return
        self._read = True
        found = settings_of(sdk.STACK)
        if found is not None:
            self.settings = of_settings.facts_of(found, today())
            facts = self.settings
            entities = (facts.projects, facts.budgets, facts.caps, facts.keys, facts.apis, facts.quotas)
            subjects = (each.subject for group in entities for each in group)
            self.subjects = {(subject.kind, subject.name): subject for subject in subjects}

    def each(self, args: ResourceValidationArgs) -> Facts:
        """The facts of the one resource; the same for every policy that asks."""
        if self._each is None or self._each[0].urn != args.urn or self._each[0].props is not args.props:
            self._each = (args, facts_of([Resource.of(args)], today(), self.subjects))
        return self._each[1]

    def whole(self, args: StackValidationArgs) -> Facts:
        """The facts of all resources; the same for every policy that asks."""
        if self._whole is None:
            self._whole = facts_of(map(_resource, args.resources), today(), self.subjects)
        return self._whole

    def first_told(self, policy: Policy, subject: Subject, place: str) -> bool:
        """Whether nothing of the kind was told in another of the three places."""
        return self._told.setdefault((policy.id, subject.kind, subject.name), place) == place


OPERATION = Operation()


class PulumiPolicy(ResourceValidationPolicy):
    """A policy as the engine knows it."""

    def __init__(self, policy: Policy) -> None:
        properties, required = policy.schema()
        told: dict[str, Any] = {
            "config_schema": PolicyConfigSchema(properties, required),
            "display_name": policy.title,
            "severity": Severity(policy.severity.value),
            "remediation_steps": policy.remedy,
            "url": policy.page,
        }
        fix = self._mended if policy.fix else None
        super().__init__(policy.id, policy.title, remediate=fix, **told)
        self._policy = policy
        self._set: Any = None

    def validate(self, args: Any, report_violation: Report) -> None:
        """Judge what is there."""
        options = self._options(args)
        for finding, urn in self._findings(args, options):
            lines = [
                f"{finding.subject.label} {finding.message}",
                finding.remedy,
                OPERATION.lines.of(finding.subject),
                self._policy.page,
            ]
            report_violation("\n".join(filter(None, lines)), urn)

    def _options(self, args: Any) -> Any:
        # Set once, before the first resource.
        if self._set is None:
            config = {name: value for name, value in plain(args.get_config()).items() if value is not None}
            self._set = self._policy.options.model_validate(config)
        return self._set

    def _findings(self, args: Any, options: Any) -> Iterator[tuple[Finding, str | None]]:
        policy = self._policy
        if isinstance(args, StackValidationArgs):
            yield from self._new(OPERATION.whole(args), options, "resources")
        elif args.resource_type == STACK:
            OPERATION.begin()
            yield from ((finding, None) for finding in expired(policy, options, today()))
            _list(policy, options)
            # What is mended at the resource is not to stop the stack before.
            if OPERATION.settings and not policy.fix:
                yield from self._new(OPERATION.settings, options, "settings")
        elif policy.scope is Scope.EACH:
            yield from self._new(OPERATION.each(args), options, "resource")

    def _new(self, facts: Facts, options: Any, place: str) -> Iterator[tuple[Finding, str | None]]:
        for outcome in outcomes(self._policy, facts, options):
            subject = outcome.finding.subject
            if outcome.exempt is None and OPERATION.first_told(self._policy, subject, place):
                yield outcome.finding, subject.urn or None

    def _mended(self, args: ResourceValidationArgs) -> Mapping[str, Any] | None:
        policy, options = self._policy, self._options(args)
        facts = OPERATION.each(args)
        found = list(outcomes(policy, facts, options))
        if not found or policy.fix is None or any(each.exempt for each in found):
            return None
        inputs = plain(args.props)
        fixed = policy.fix(args.resource_type, inputs, options)
        if fixed is None:
            return None
        # Set one by one: what else there is stays as it was, secrets and what is not known with it.
        for name, value in fixed.items():
            if inputs.get(name) != value:
                args.props[name] = wired(value)
        mended: Mapping[str, Any] = args.props
        return mended


@StackValidationPolicy.register
class WholePolicy(PulumiPolicy):
    """One that is asked at the end as well: the SDK asks what is of both kinds in both places."""


def _resource(resource: Any) -> Resource:
    comes_from = {
        name: tuple(each.urn for each in others if each.resource_type == PROJECT)
        for name, others in resource.property_dependencies.items()
    }
    return Resource.of(resource, comes_from)


def _list(policy: Policy, options: Any) -> None:
    """Tell the exceptions that are in force: the engine shows what a pack prints."""
    for each in options.exceptions:
        if each.expires >= today():
            sys.stdout.write(
                f"policy exception: {each.resource} from {policy.id} until {each.expires} "
                f"({each.owner}: {each.reason})\n"
            )
    sys.stdout.flush()


def serve() -> None:
    """Serve the engine until it goes."""
    sdk.prepare(lambda resource: resource.type == STACK or concerns(resource))
    # What is loaded stays: the collector need not look at it over and over again.
    gc.freeze()
    PolicyPack(
        "gemini-budget-policies",
        [WholePolicy(each) if each.scope is Scope.WHOLE else PulumiPolicy(each) for each in POLICIES],
        enforcement_level=EnforcementLevel.MANDATORY,
    )
