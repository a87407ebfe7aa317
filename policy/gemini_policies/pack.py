"""The policy pack: each policy as a Pulumi policy, which judges in three stages.

`settings`, when the stack is registered: the settings of this project's own program, by every policy.
`resource`, before each resource is created: the resource, by policies of scope `each`.
`resources`, at the end of a preview or update: all resources, by every policy. Only then is it known which project a
reference means, and so which environment it is in, and which exception is for it.
A violation that one stage reports is not reported again by a later one.
"""

import gc
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
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
from gemini_policies.declared import FOLDER, PROJECT, Resource
from gemini_policies.environment import RULES
from gemini_policies.facts_from_resources import Known, concerns, facts_of
from gemini_policies.settings import Lines, settings_of
from gemini_policies.values import write_changes
from landing_zone.policies import facts_from_settings
from landing_zone.policies.configuration import Level
from landing_zone.policies.environments import Placement, split
from landing_zone.policies.every_policy import POLICIES
from landing_zone.policies.facts import Facts, Subject
from landing_zone.policies.fixes import one_per_fix
from landing_zone.policies.judge import expired, listed, outcomes, unjudged
from landing_zone.policies.policy import Finding, Policy, Scope
from landing_zone.pricing.days import today
from landing_zone.printing import on_one_line

Report = Callable[..., None]
STACK: Final = "pulumi:pulumi:Stack"


Parts = Mapping[str, Facts]
"""Facts by the environment whose configuration judges them."""


class Operation:
    """State of the running preview or update."""

    def __init__(self) -> None:
        self.settings: Parts = {}
        self.lines = Lines(sdk.STACK)
        self.known: Known = {}
        self._given: dict[str, Mapping[str, Any]] = {}
        self._reported: dict[tuple[str, str, str], tuple[str, Level, frozenset[str]]] = {}
        self._whole: Parts | None = None
        self._each: tuple[ResourceValidationArgs, Resource, Parts] | None = None
        self._read = False
        self._printed: set[str] = set()

    def begin(self) -> None:
        """Read the settings, and print what judges them, when the stack is registered."""
        if self._read:
            return
        self._read = True
        found = settings_of(sdk.STACK)
        if found is not None:
            facts = facts_from_settings.facts_of(found, today(), RULES.environments)
            every = (
                facts.projects,
                facts.budgets,
                facts.caps,
                facts.guards,
                facts.keys,
                facts.apis,
                facts.quotas,
            )
            self.known = {(each.subject.kind, each.subject.name): each for group in every for each in group}
            self.settings = split(facts, self._placement(facts))
        default = sdk.STACK.environment or RULES.environments.strictest
        self._print_configurations([default, *self.settings])
        if self.settings:
            self._print_exceptions(self.settings)

    def _placement(self, facts: Facts, *, suspects: bool = True) -> Placement:
        return Placement(RULES.environments, sdk.STACK.environment, facts.folders, suspects)

    def _print_configurations(self, environments: Iterable[str]) -> None:
        stack = f"stack {sdk.STACK.project}/{sdk.STACK.name}"
        placement = self._placement(Facts(today()))
        for name in environments:
            if name not in self._printed:
                self._printed.add(name)
                used = RULES.judged_by(name, sdk.STACK.configuration(name), placement, stack)
                # The engine shows the pack's output.
                sys.stdout.write(f"policies: judged as {on_one_line(str(used))}\n")
        sys.stdout.flush()

    def _print_exceptions(self, parts: Parts) -> None:
        for name, facts in parts.items():
            configuration = sdk.STACK.configuration(name)
            for policy in POLICIES:
                options = configuration.options[policy.id]
                if not options.exceptions:
                    continue
                disabled = configuration.levels[policy.id] is Level.DISABLED
                for each in (
                    unjudged(policy, options, today())
                    if disabled
                    else listed(policy, options, facts, list(outcomes(policy, facts, options)))
                ):
                    # An expired exception is a violation instead.
                    if each.exempt.expires >= today():
                        sys.stdout.write(f"policy {on_one_line(str(each))}\n")
        sys.stdout.flush()

    def each(self, args: ResourceValidationArgs) -> tuple[Resource, Parts]:
        """The resource and its facts, read once for all policies. Its environment is the one that is known by now."""
        if self._each is None or self._each[0].urn != args.urn or self._each[0].props is not args.props:
            resource = Resource.of(args)
            facts = facts_of([resource], today(), self.known, RULES.environments)
            self._each = (args, resource, split(facts, self._placement(facts, suspects=False)))
            self._given[args.urn] = resource.props
        return self._each[1:]

    def forget_resource(self) -> None:
        """Read the resource again, because a fix has changed it."""
        self._each = None

    def whole(self, args: StackValidationArgs) -> Parts:
        """Facts of all resources, read once for all policies."""
        if self._whole is None:
            resources = list(map(self._declared, args.resources))
            facts = facts_of(resources, today(), self.known, RULES.environments)
            self._whole = split(facts, self._placement(facts))
            self._print_configurations(self._whole)
            if not self.settings:
                self._print_exceptions(self._whole)
        return self._whole

    def _declared(self, found: Any) -> Resource:
        def urns(kind: str) -> Mapping[str, tuple[str, ...]]:
            return {
                name: tuple(each.urn for each in others if each.resource_type == kind)
                for name, others in found.property_dependencies.items()
            }

        given = self._given.get(found.urn)
        # What is read comes here alone: the engine asks before it creates, not before it reads.
        resource = Resource.of(found, urns(PROJECT), given)
        return replace(resource, folders_from=urns(FOLDER), read=given is None)

    def is_new(self, policy: Policy, subject: Subject, stage: str, level: Level) -> bool:
        """True if no other stage has reported a violation of the policy by the subject, at this level or a stricter."""
        key = (policy.id, subject.kind, subject.name)
        before, reported, names = self._reported.setdefault(key, (stage, level, subject.names))
        # Settings and resources have names in common by Google's: the rest may be the same by chance, or by design.
        other = subject.identified and bool(names and subject.names) and names.isdisjoint(subject.names)
        stricter = reported is Level.ADVISORY and level is not Level.ADVISORY
        if before != stage and (other or stricter):
            self._reported[key] = (stage, level, subject.names)
            return True
        return before == stage


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
        for finding, urn, level in self._findings(args):
            lines = [
                finding.text,
                finding.advice,
                OPERATION.lines.of(finding.subject),
                self._policy.page,
            ]
            report_violation("\n".join(filter(None, lines)), urn, level)

    @property
    def _options(self) -> Any:
        return sdk.STACK.policies.options[self._policy.id]

    def _findings(self, args: Any) -> Iterator[tuple[Finding, str | None, Level]]:
        policy = self._policy
        if isinstance(args, StackValidationArgs):
            yield from self._new(OPERATION.whole(args), "resources")
        elif args.resource_type == STACK:
            OPERATION.begin()
            for _, options, level in _judging(policy, OPERATION.settings or {"": Facts(today())}):
                yield from ((finding, None, level) for finding in expired(policy, options, today()))
            new = list(self._new(OPERATION.settings, "settings"))
            for level in dict.fromkeys(level for _, _, level in new):
                found = [finding for finding, _, own in new if own is level]
                for finding in one_per_fix(found, OPERATION.lines.values):
                    yield finding, None, level
        elif policy.scope is Scope.EACH:
            yield from self._new(OPERATION.each(args)[1], "resource")

    def _new(self, parts: Parts, stage: str) -> Iterator[tuple[Finding, str | None, Level]]:
        for facts, options, level in _judging(self._policy, parts):
            for outcome in outcomes(self._policy, facts, options):
                subject = outcome.finding.subject
                if stage == "settings" and level is Level.REMEDIATE and outcome.finding.fixable:
                    # The fix is applied to the resource, so the stack need not stop.
                    continue
                if stage == "resource" and not subject.identified and options.exceptions:
                    # An exception may be for it.
                    continue
                # What has not been remediated counts as mandatory.
                effect = Level.MANDATORY if level is Level.REMEDIATE else level
                if outcome.exempt is None and OPERATION.is_new(self._policy, subject, stage, effect):
                    yield outcome.finding, subject.urn or None, effect

    def _remediated(self, args: ResourceValidationArgs) -> Mapping[str, Any] | None:
        policy, options = self._policy, self._options
        resource, parts = OPERATION.each(args)
        found = [each for facts in parts.values() for each in outcomes(policy, facts, options)]
        if not found or policy.fix is None or any(each.exempt for each in found):
            return None
        fixed = policy.fix(args.resource_type, resource.props, options)
        if fixed is None:
            return None
        write_changes(args.props, resource.props, fixed)
        OPERATION.forget_resource()
        changed: Mapping[str, Any] = args.props
        return changed


# Of both of the SDK's kinds, so that the SDK also calls it at the end.
StackValidationPolicy.register(PulumiPolicy)


def _judging(policy: Policy, parts: Parts) -> Iterator[tuple[Facts, Any, Level]]:
    """Facts of each environment in which the policy is not disabled, with its options and level there."""
    for name, facts in parts.items():
        configuration = sdk.STACK.configuration(name) if name else sdk.STACK.policies
        if configuration.levels[policy.id] is not Level.DISABLED:
            yield facts, configuration.options[policy.id], configuration.levels[policy.id]


def _concerns(resource: Any) -> bool:
    """True if policies judge a resource, from the engine's message."""
    return resource.type == STACK or concerns(resource)


def _passes(args: ResourceValidationArgs) -> bool:
    """True if no policy of scope `each` reports the resource."""
    if args.resource_type == STACK:
        return False
    # Also keeps the inputs for the policies at the end, which see only outputs.
    _, parts = OPERATION.each(args)
    return not any(
        finding
        for policy in POLICIES
        if policy.scope is Scope.EACH
        for facts, options, _ in _judging(policy, parts)
        for finding in policy.judge(facts, options)
    )


def serve() -> None:
    """Serve the engine until it disconnects."""
    sdk.prepare(_concerns, _passes)
    # The modules stay in memory, so the garbage collector need not visit them.
    gc.freeze()
    PolicyPack(
        "gemini-budget-policies",
        [PulumiPolicy(each) for each in POLICIES],
        enforcement_level=EnforcementLevel.MANDATORY,
    )
