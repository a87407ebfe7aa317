"""The policy pack: each policy as a Pulumi policy, which judges in three stages.

`settings`, when the stack is registered: the settings of this project's own program, by every policy.
`resource`, before each resource is created: the resource, by policies of scope `each`.
`resources`, at the end of a preview or update: all resources, by policies of scope `whole`.
A violation that one stage reports is not reported again by a later one.
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
from gemini_policies.values import write_changes
from landing_zone.policies import facts_from_settings
from landing_zone.policies.configuration import Level
from landing_zone.policies.every_policy import POLICIES
from landing_zone.policies.facts import Facts, Subject
from landing_zone.policies.fixes import one_per_fix
from landing_zone.policies.judge import ListedException, expired, listed, outcomes, unjudged
from landing_zone.policies.policy import Finding, Policy, Scope
from landing_zone.pricing.days import today

Report = Callable[..., None]
STACK: Final = "pulumi:pulumi:Stack"


class Operation:
    """State of the running preview or update."""

    def __init__(self) -> None:
        self.settings: Facts | None = None
        self.lines = Lines(sdk.STACK)
        self.known: Known = {}
        self._given: dict[str, Mapping[str, Any]] = {}
        self._reported: dict[tuple[str, str, str], str] = {}
        self._whole: Facts | None = None
        self._each: tuple[ResourceValidationArgs, Resource, Facts] | None = None
        self._read = False

    def begin(self) -> None:
        """Read the settings and print the exceptions, when the stack is registered."""
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
                # The engine shows the pack's output. An expired exception is a violation instead.
                sys.stdout.write(f"policy {each}\n")
        sys.stdout.flush()

    def _exceptions(self) -> Iterator[ListedException]:
        """Exceptions of every policy. Without settings, they count as in force: the resources are not known yet."""
        for policy in POLICIES:
            options = sdk.STACK.policies.options[policy.id]
            if sdk.STACK.policies.levels[policy.id] is Level.DISABLED:
                yield from unjudged(policy, options, today())
            elif self.settings and options.exceptions:
                found = list(outcomes(policy, self.settings, options))
                yield from listed(policy, options, self.settings, found)
            else:
                yield from (ListedException(policy, each, "in force") for each in options.exceptions)

    def each(self, args: ResourceValidationArgs) -> tuple[Resource, Facts]:
        """The resource and its facts, read once for all policies."""
        if self._each is None or self._each[0].urn != args.urn or self._each[0].props is not args.props:
            resource = Resource.of(args)
            self._each = (args, resource, facts_of([resource], today(), self.known))
            self._given[args.urn] = resource.props
        return self._each[1:]

    def forget_resource(self) -> None:
        """Read the resource again, because a fix has changed it."""
        self._each = None

    def whole(self, args: StackValidationArgs) -> Facts:
        """Facts of all resources, read once for all policies."""
        if self._whole is None:
            self._whole = facts_of(map(self._declared, args.resources), today(), self.known)
        return self._whole

    def _declared(self, found: Any) -> Resource:
        comes_from = {
            name: tuple(each.urn for each in others if each.resource_type == PROJECT)
            for name, others in found.property_dependencies.items()
        }
        return Resource.of(found, comes_from, self._given.get(found.urn))

    def is_new(self, policy: Policy, subject: Subject, stage: str) -> bool:
        """True if no other stage has reported a violation of the policy by the subject."""
        return self._reported.setdefault((policy.id, subject.kind, subject.name), stage) == stage


OPERATION = Operation()


class PulumiPolicy(ResourceValidationPolicy):
    """A policy in the form of pulumi-policy."""

    def __init__(self, policy: Policy) -> None:
        properties, required = policy.schema()
        description: dict[str, Any] = {
            "config_schema": PolicyConfigSchema(properties, required),
            "display_name": policy.title,
            "severity": Severity(policy.severity.value),
            "remediation_steps": policy.remedy,
            "url": policy.page,
        }
        fix = self._remediated if policy.fix else None
        super().__init__(policy.id, policy.title, remediate=fix, **description)
        self._policy = policy

    def validate(self, args: Any, report_violation: Report) -> None:
        """Report violations of the policy."""
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
                yield from ((finding, None) for finding in one_per_fix(found, OPERATION.lines.values))
        elif policy.scope is Scope.EACH:
            yield from self._new(OPERATION.each(args)[1], options, "resource")

    def _new(self, facts: Facts, options: Any, stage: str) -> Iterator[tuple[Finding, str | None]]:
        remediates = sdk.STACK.policies.levels[self._policy.id] is Level.REMEDIATE
        for outcome in outcomes(self._policy, facts, options):
            subject = outcome.finding.subject
            if stage == "settings" and remediates and outcome.finding.fixable:
                # The fix is applied to the resource, so the stack need not stop.
                continue
            if outcome.exempt is None and OPERATION.is_new(self._policy, subject, stage):
                yield outcome.finding, subject.urn or None

    def _remediated(self, args: ResourceValidationArgs) -> Mapping[str, Any] | None:
        policy, options = self._policy, self._options
        resource, facts = OPERATION.each(args)
        found = list(outcomes(policy, facts, options))
        if not found or policy.fix is None or any(each.exempt for each in found):
            return None
        fixed = policy.fix(args.resource_type, resource.props, options)
        if fixed is None:
            return None
        write_changes(args.props, resource.props, fixed)
        OPERATION.forget_resource()
        changed: Mapping[str, Any] = args.props
        return changed


@StackValidationPolicy.register
class WholePolicy(PulumiPolicy):
    """A policy of scope `whole`. It is of both of the SDK's kinds, so the SDK also calls it at the end."""


def _concerns(resource: Any) -> bool:
    """True if policies judge a resource, from the engine's message."""
    return resource.type == STACK or concerns(resource)


def _passes(args: ResourceValidationArgs) -> bool:
    """True if no policy of scope `each` reports the resource."""
    if args.resource_type == STACK:
        return False
    # Also keeps the inputs for the policies at the end, which see only outputs.
    _, facts = OPERATION.each(args)
    configuration = sdk.STACK.policies
    return not any(
        finding
        for policy in POLICIES
        if policy.scope is Scope.EACH and configuration.levels[policy.id] is not Level.DISABLED
        for finding in policy.judge(facts, configuration.options[policy.id])
    )


def serve() -> None:
    """Serve the engine until it disconnects."""
    sdk.prepare(_concerns, _passes)
    # The modules stay in memory, so the garbage collector need not visit them.
    gc.freeze()
    PolicyPack(
        "gemini-budget-policies",
        [WholePolicy(each) if each.scope is Scope.WHOLE else PulumiPolicy(each) for each in POLICIES],
        enforcement_level=EnforcementLevel.MANDATORY,
    )
