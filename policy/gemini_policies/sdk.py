"""Patches to pulumi-policy 1.21.0: keep the stack's configuration, and convert each value once.

The SDK receives the stack's configuration and drops it. It also converts every resource again for every policy, even if
no policy judges it, which is most of a pack's time (`bench/policy.py`). Only this module uses the SDK's internals, and
requirements.txt pins the version: with another one, the pack fails at its start.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from grpc import StatusCode
from pulumi.runtime import proto
from pulumi_policy import policy as inside

from gemini_policies.environment import LEVELS, RULES, Entries, initial_entries, message
from gemini_policies.secrets import Secrets
from gemini_policies.values import plain
from landing_zone.policies.configuration import (
    DEFAULT,
    LEVEL,
    Configuration,
    ConfigurationError,
    Level,
    configuration_of,
    read_entries,
)
from landing_zone.policies.every_policy import BY_ID

_LEVEL_OF: Final = {number: level for level, number in LEVELS.items()}


@dataclass
class Stack:
    """The stack and the configuration of its policies, which the engine sends first."""

    name: str = ""
    project: str = ""
    organization: str = ""
    config: Mapping[str, str] = field(default_factory=dict)
    policies: Configuration = DEFAULT
    """Configuration of the stack's environment, with what the engine was given on top."""
    initial: Entries = field(default_factory=dict)
    """The same without what the engine was given."""
    given: Entries = field(default_factory=dict)
    """What the engine was given: it goes on top of every environment's configuration."""

    @property
    def environment(self) -> str | None:
        """The stack's environment; None if the policy owner's file does not name the stack."""
        return RULES.environments.of_stack(self.organization, self.project, self.name)

    def configuration(self, environment: str) -> Configuration:
        """The configuration of an environment, with what the engine was given on top."""
        if environment == (self.environment or RULES.environments.strictest):
            return self.policies
        if environment not in self._others:
            entries = read_entries(*RULES.files(environment))
            merged = {name: {**own, **self.given.get(name, {})} for name, own in entries.items()}
            self._others[environment] = configuration_of(merged, "configuration")
        return self._others[environment]

    @cached_property
    def _others(self) -> dict[str, Configuration]:
        return {}


class Conversions:
    """Cache of converted messages."""

    def __init__(self) -> None:
        self._dicts: dict[bytes, dict[str, Any]] = {}
        self._cached: dict[tuple[str, int], Any] = {}
        self._kept: list[Any] = []

    def cached(self, what: str, value: Any, make: Callable[[Any], Any]) -> Any:
        """The result of `make` for a value, computed once."""
        key = (what, id(value))
        if key not in self._cached:
            # Keeps the value alive, so that no other one gets its id.
            self._kept.append(value)
            self._cached[key] = make(value)
        return self._cached[key]

    def dict_of(self, message: Any) -> dict[str, Any]:
        """A message as a dict, the same one for equal messages."""
        text = message.SerializeToString()
        found = self._dicts.get(text)
        if found is None:
            found = self._dicts[text] = MessageToDict(message)
        return found

    def once(self, make: Callable[[Any], Any]) -> Callable[..., Any]:
        """Cache a function of one value."""

        def called(value: Any, *more: Any) -> Any:
            # A remediation changes its value, so it gets an uncached one.
            return make(value, *more) if more else self.cached(make.__name__, value, make)

        return called


STACK = Stack()
CONVERSIONS = Conversions()
SECRETS = Secrets()


class _Servicer(inside._PolicyAnalyzerServicer):
    """The SDK's servicer, which keeps the configuration and skips resources that no policy judges."""

    concerns: Callable[[Any], bool] = staticmethod(lambda _: True)
    passes: Callable[[Any], bool] = staticmethod(lambda _: False)
    _remediates = False

    def ConfigureStack(self, request: Any, context: Any) -> Any:
        STACK.name, STACK.project, STACK.config = request.stack, request.project, dict(request.config)
        STACK.organization = request.organization
        return super().ConfigureStack(request, context)

    def GetAnalyzerInfo(self, request: Any, context: Any) -> Any:
        info = super().GetAnalyzerInfo(request, context)
        try:
            STACK.initial = initial_entries(STACK.environment or RULES.environments.strictest)
        except ConfigurationError as error:
            context.abort(StatusCode.INVALID_ARGUMENT, str(error))
        for name, entry in STACK.initial.items():
            info.initialConfig[name].CopyFrom(message(entry))
        return info

    def Configure(self, request: Any, context: Any) -> Any:
        # The engine checks the schema, which finds neither mistyped names nor numbers out of bounds.
        try:
            whole = {name: _given(each) for name, each in request.policyConfig.items()}
            STACK.policies = configuration_of(whole, "configuration")
            STACK.given = {name: _more(name, own) for name, own in whole.items() if name in BY_ID}
        except ConfigurationError as error:
            context.abort(StatusCode.INVALID_ARGUMENT, str(error))
        self._remediates = Level.REMEDIATE in STACK.policies.levels.values()
        return super().Configure(request, context)

    def Analyze(self, request: Any, context: Any) -> Any:
        if not self.concerns(request):
            return proto.AnalyzeResponse()
        values = CONVERSIONS.dict_of(request.properties)
        SECRETS.note(values)
        arguments = inside.ResourceValidationArgs(
            request.type,
            inside.unknown_checking_proxy(inside.deserialize_properties(values)),
            request.urn,
            request.name,
            self._get_resource_options(request),
            self._get_provider_resource(request),
        )
        # Most resources comply: they need no call and no response for each policy.
        return proto.AnalyzeResponse() if self.passes(arguments) else super().Analyze(request, context)

    def Remediate(self, request: Any, context: Any) -> Any:
        if not self._remediates or not self.concerns(request):
            return proto.RemediateResponse()
        return super().Remediate(request, context)

    def AnalyzeStack(self, request: Any, _context: Any) -> Any:
        concerned = [resource for resource in request.resources if self.concerns(resource)]
        for resource in concerned:
            SECRETS.note(CONVERSIONS.dict_of(resource.properties))
        # As the SDK does, but converting the resources once and not for each policy.
        self._configure_runtime_settings()
        arguments = inside.StackValidationArgs(self._resources(concerned), None, {})
        response = proto.AnalyzeResponse()
        for policy in self._PolicyAnalyzerServicer__policies:
            level = inside.EnforcementLevel.MANDATORY
            report = self._create_report_violation(
                response, policy.name, policy.description, level, policy.severity
            )
            policy.validate(arguments, report)
        return response

    def _resources(self, messages: list[Any]) -> list[Any]:
        """The resources of messages, with those that each property depends on."""
        found = {
            each.urn: inside.PolicyResource(
                each.type,
                inside.unknown_checking_proxy(
                    inside.deserialize_properties(CONVERSIONS.dict_of(each.properties))
                ),
                each.urn,
                each.name,
                self._get_resource_options(each),
                self._get_provider_resource(each),
                None,
                [],
                {},
            )
            for each in messages
        }
        for each in messages:
            found[each.urn].property_dependencies.update(
                {
                    name: [found[urn] for urn in others.urns if urn in found]
                    for name, others in each.propertyDependencies.items()
                }
            )
        return list(found.values())

    def _get_enforcement_level(self, policy: Any) -> Any:
        # The SDK skips a policy that is disabled; in another environment it may not be.
        level = super()._get_enforcement_level(policy)
        return inside.EnforcementLevel.ADVISORY if level is inside.EnforcementLevel.DISABLED else level

    def _create_report_violation(self, response: Any, *args: Any, **kwargs: Any) -> Callable[..., None]:
        report = super()._create_report_violation(response, *args, **kwargs)

        def reported(message: str, urn: str | None, level: Level) -> None:
            report(SECRETS.redacted(message), urn)
            response.diagnostics[-1].enforcementLevel = LEVELS[level]

        return reported

    def _get_resource_options(self, request: Any) -> Any:
        return CONVERSIONS.cached("options", request, super()._get_resource_options)

    def _get_provider_resource(self, request: Any) -> Any:
        return CONVERSIONS.cached("provider", request, super()._get_provider_resource)


def _given(config: Any) -> dict[str, Any]:
    """Configuration of a policy. The engine fills in defaults, of which some are null."""
    options = plain(MessageToDict(config.properties)).items()
    level = _LEVEL_OF[config.enforcementLevel].value
    return {LEVEL: level, **{name: value for name, value in options if value is not None}}


def _more(policy: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """What the engine was given of a policy, besides the environment's own file and the defaults that it fills in."""
    properties, _ = BY_ID[policy].schema()
    before = {LEVEL: Level.MANDATORY.value, **STACK.initial.get(policy, {})}
    return {
        name: value
        for name, value in own.items()
        if before.get(name) != value and properties.get(name, {}).get("default") != value
    }


class _Json:
    MessageToDict = staticmethod(CONVERSIONS.dict_of)


def prepare(concerns: Callable[[Any], bool], passes: Callable[[Any], bool]) -> None:
    """Install the patches. Call it once, before the pack is created.

    Args:
        concerns: True if policies judge a resource, from its message.
        passes: True if no policy reports a resource, from the SDK's arguments.
    """
    _Servicer.concerns, _Servicer.passes = staticmethod(concerns), staticmethod(passes)
    inside._PolicyAnalyzerServicer = _Servicer
    inside.json_format = _Json
    inside.deserialize_properties = CONVERSIONS.once(inside.deserialize_properties)
    inside.unknown_checking_proxy = CONVERSIONS.once(inside.unknown_checking_proxy)
