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
from gemini_policies.declared import PROJECT, Resource
from gemini_policies.facts_from_resources import Known, concerns, facts_of
from gemini_policies.settings import Lines, settings_of
from gemini_policies.values import mend
from landing_zone.policies import facts_from_settings
from landing_zone.policies.catalogue import POLICIES
from landing_zone.policies.configuration import Level
from landing_zone.policies.facts import Facts, Subject
from landing_zone.policies.fixes import one_a_fix
from landing_zone.policies.judge import Listed, expired, listed, outcomes, unjudged
from landing_zone.policies.policy import Finding, Policy, Scope
from landing_zone.pricing.days import today

Report = Callable[..., None]
STACK: Final = "pulumi:pulumi:Stack"


class Operation:
    """What is known of the preview or update that runs."""

    def __init__(self) -> None:
        self.settings: Facts | None = None
        self.lines = Lines(sdk.STACK)
        self.known: Known = {}
        self._given: dict[str, Mapping[str, Any]] = {}
        self._told: dict[tuple[str, str, str], str] = {}
        self._whole: Facts | None = None
        self._each: tuple[ResourceValidationArgs, Resource, Facts] | None = None
        self._read = False

    def begin(self) -> None:
        """The stack is registered, before all else."""
        if self._read:
            return
        self._read = True
        found = settings_of(sdk.STACK)
        if found is not None:
            self.settings = facts_from_settings.facts_of(found, today())
            facts = self.settings
            every = (facts.projects, facts.budgets, facts.caps, facts.keys, facts.apis, facts.quotas)
            self.known = {(each.subject.kind, each.subject.name): each for group in every for each in group}
        for each in self._exceptions():
            if each.exempt.expires >= today():
                # The engine shows what a pack prints; what has expired is a violation.
                sys.stdout.write(f"policy {each}\n")
        sys.stdout.flush()

    def _exceptions(self) -> Iterator[Listed]:
        """Those of every policy. What another program has is not known yet."""
        for policy in POLICIES:
            options = sdk.STACK.policies.options[policy.id]
            if sdk.STACK.policies.levels[policy.id] is Level.DISABLED:
                yield from unjudged(policy, options, today())
            elif self.settings and options.exceptions:
                found = list(outcomes(policy, self.settings, options))
                yield from listed(policy, options, self.settings, found)
            else:
                yield from (Listed(policy, each, "in force") for each in options.exceptions)

    def each(self, args: ResourceValidationArgs) -> tuple[Resource, Facts]:
        """The one resource, and its facts; the same for every policy that asks."""
        if self._each is None or self._each[0].urn != args.urn or self._each[0].props is not args.props:
            resource = Resource.of(args)
            self._each = (args, resource, facts_of([resource], today(), self.known))
            self._given[args.urn] = resource.props
        return self._each[1:]

    def mended(self) -> None:
        """The resource at hand is no longer what it was."""
        self._each = None

    def whole(self, args: StackValidationArgs) -> Facts:
        """The facts of all resources; the same for every policy that asks."""
        if self._whole is None:
            self._whole = facts_of(map(self._made, args.resources), today(), self.known)
        return self._whole

    def _made(self, found: Any) -> Resource:
        comes_from = {
            name: tuple(each.urn for each in others if each.resource_type == PROJECT)
            for name, others in found.property_dependencies.items()
        }
        return Resource.of(found, comes_from, self._given.get(found.urn))

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

    def validate(self, args: Any, report_violation: Report) -> None:
        """Judge what is there."""
        for finding, urn in self._findings(args, self._options):
            lines = [
                finding.text,
                finding.advice,
                OPERATION.lines.of(finding.subject),
                self._policy.page,
            ]
            report_violation("\n".join(filter(None, lines)), urn)

    @property
    def _options(self) -> Any:
        return sdk.STACK.policies.options[self._policy.id]

    def _findings(self, args: Any, options: Any) -> Iterator[tuple[Finding, str | None]]:
        policy = self._policy
        if isinstance(args, StackValidationArgs):
            yield from self._new(OPERATION.whole(args), options, "resources")
        elif args.resource_type == STACK:
            OPERATION.begin()
            yield from ((finding, None) for finding in expired(policy, options, today()))
            if OPERATION.settings:
                found = [finding for finding, _ in self._new(OPERATION.settings, options, "settings")]
                yield from ((finding, None) for finding in one_a_fix(found, OPERATION.lines.values))
        elif policy.scope is Scope.EACH:
            yield from self._new(OPERATION.each(args)[1], options, "resource")

    def _new(self, facts: Facts, options: Any, place: str) -> Iterator[tuple[Finding, str | None]]:
        mends = sdk.STACK.policies.levels[self._policy.id] is Level.REMEDIATE
        for outcome in outcomes(self._policy, facts, options):
            subject = outcome.finding.subject
            if place == "settings" and mends and outcome.finding.mended:
                # What is mended at the resource is not to stop the stack before.
                continue
            if outcome.exempt is None and OPERATION.first_told(self._policy, subject, place):
                yield outcome.finding, subject.urn or None

    def _mended(self, args: ResourceValidationArgs) -> Mapping[str, Any] | None:
        policy, options = self._policy, self._options
        resource, facts = OPERATION.each(args)
        found = list(outcomes(policy, facts, options))
        if not found or policy.fix is None or any(each.exempt for each in found):
            return None
        fixed = policy.fix(args.resource_type, resource.props, options)
        if fixed is None:
            return None
        mend(args.props, resource.props, fixed)
        OPERATION.mended()
        mended: Mapping[str, Any] = args.props
        return mended


@StackValidationPolicy.register
class WholePolicy(PulumiPolicy):
    """One that is asked at the end as well: the SDK asks what is of both kinds in both places."""


def _is_asked(resource: Any) -> bool:
    """Whether policies are asked of a resource, from the engine's message."""
    # With --target the engine shows new resources that are not to be made, and nothing of them.
    return resource.type == STACK or (bool(resource.properties.fields) and concerns(resource))


def _is_well(args: ResourceValidationArgs) -> bool:
    """Whether no policy has anything to tell of a resource by itself."""
    if args.resource_type == STACK:
        return False
    # Seen here as well for what judges at the end: an output says no more what it was given.
    _, facts = OPERATION.each(args)
    set_for = sdk.STACK.policies
    return not any(
        finding
        for policy in POLICIES
        if policy.scope is Scope.EACH and set_for.levels[policy.id] is not Level.DISABLED
        for finding in policy.judge(facts, set_for.options[policy.id])
    )


def serve() -> None:
    """Serve the engine until it goes."""
    sdk.prepare(_is_asked, _is_well)
    # What is loaded stays: the collector need not look at it over and over again.
    gc.freeze()
    PolicyPack(
        "gemini-budget-policies",
        [WholePolicy(each) if each.scope is Scope.WHOLE else PulumiPolicy(each) for each in POLICIES],
        enforcement_level=EnforcementLevel.MANDATORY,
    )
