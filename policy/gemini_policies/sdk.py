"""What pulumi-policy keeps to itself, made to be had: the stack's configuration, and each value converted once.

pulumi-policy 1.21.0, which requirements.txt pins, is handed the stack's configuration and drops it; and it converts
every resource anew for every policy, those too that none of them judges, which is most of a pack's time
(`bench/policy.py`). Both are mended here, in the one module that knows its inside: with another version it fails at the
start, and not silently.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from grpc import StatusCode
from pulumi.runtime import proto
from pulumi_policy import policy as inside

from gemini_policies.environment import LEVELS, initial_config
from gemini_policies.secrets import Secrets
from gemini_policies.values import plain
from landing_zone.policies.configuration import (
    DEFAULT,
    LEVEL,
    Configuration,
    ConfigurationError,
    Level,
    configuration_of,
)

_LEVEL_OF: Final = {number: level for level, number in LEVELS.items()}


@dataclass
class Stack:
    """What the engine says of the stack and of its policies, before anything else."""

    name: str = ""
    project: str = ""
    config: Mapping[str, str] = field(default_factory=dict)
    policies: Configuration = DEFAULT


class Conversions:
    """The values of messages that were converted before."""

    def __init__(self) -> None:
        self._dicts: dict[bytes, dict[str, Any]] = {}
        self._made: dict[tuple[str, int], Any] = {}
        self._kept: list[Any] = []

    def made(self, what: str, value: Any, make: Callable[[Any], Any]) -> Any:
        """What is made of a value, once."""
        key = (what, id(value))
        if key not in self._made:
            # Kept, so that no other value gets its id.
            self._kept.append(value)
            self._made[key] = make(value)
        return self._made[key]

    def dict_of(self, message: Any) -> dict[str, Any]:
        """A message as a dict, the same one each time."""
        text = message.SerializeToString()
        found = self._dicts.get(text)
        if found is None:
            found = self._dicts[text] = MessageToDict(message)
        return found

    def once(self, make: Callable[[Any], Any]) -> Callable[..., Any]:
        """A function of one value that is called once for each."""

        def called(value: Any, *more: Any) -> Any:
            # What a remediation gets is its own to change.
            return make(value, *more) if more else self.made(make.__name__, value, make)

        return called


STACK = Stack()
CONVERSIONS = Conversions()
SECRETS = Secrets()


class _Servicer(inside._PolicyAnalyzerServicer):
    """The SDK's, with the configuration kept, and asked of nothing but what the policies judge."""

    concerns: Callable[[Any], bool] = staticmethod(lambda _: True)
    is_well: Callable[[Any], bool] = staticmethod(lambda _: False)
    _mends = False

    def ConfigureStack(self, request: Any, context: Any) -> Any:
        STACK.name, STACK.project, STACK.config = request.stack, request.project, dict(request.config)
        return super().ConfigureStack(request, context)

    def GetAnalyzerInfo(self, request: Any, context: Any) -> Any:
        info = super().GetAnalyzerInfo(request, context)
        try:
            initial = initial_config(STACK.name)
        except ConfigurationError as error:
            context.abort(StatusCode.INVALID_ARGUMENT, str(error))
        for name, entry in initial.items():
            info.initialConfig[name].CopyFrom(entry)
        return info

    def Configure(self, request: Any, context: Any) -> Any:
        # The engine holds what it is given against the schema: it knows no mistyped name, and no number's bounds.
        try:
            STACK.policies = configuration_of(
                {name: _given(each) for name, each in request.policyConfig.items()}, "configuration"
            )
        except ConfigurationError as error:
            context.abort(StatusCode.INVALID_ARGUMENT, str(error))
        self._mends = Level.REMEDIATE in STACK.policies.levels.values()
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
        # Most keep to everything: each policy need not be asked in turn then, nor its answer be made.
        return proto.AnalyzeResponse() if self.is_well(arguments) else super().Analyze(request, context)

    def Remediate(self, request: Any, context: Any) -> Any:
        if not self._mends or not self.concerns(request):
            return proto.RemediateResponse()
        return super().Remediate(request, context)

    def AnalyzeStack(self, request: Any, context: Any) -> Any:
        concerned = [resource for resource in request.resources if self.concerns(resource)]
        for resource in concerned:
            SECRETS.note(CONVERSIONS.dict_of(resource.properties))
        return super().AnalyzeStack(proto.AnalyzeStackRequest(resources=concerned), context)

    def _create_report_violation(self, *args: Any, **kwargs: Any) -> Callable[..., None]:
        report = super()._create_report_violation(*args, **kwargs)
        return lambda message, urn=None: report(SECRETS.struck_out(message), urn)

    def _get_resource_options(self, request: Any) -> Any:
        return CONVERSIONS.made("options", request, super()._get_resource_options)

    def _get_provider_resource(self, request: Any) -> Any:
        return CONVERSIONS.made("provider", request, super()._get_provider_resource)


def _given(config: Any) -> dict[str, Any]:
    """What is set for a policy; the engine has filled in the defaults, of which some are nothing."""
    options = plain(MessageToDict(config.properties)).items()
    level = _LEVEL_OF[config.enforcementLevel].value
    return {LEVEL: level, **{name: value for name, value in options if value is not None}}


class _Json:
    MessageToDict = staticmethod(CONVERSIONS.dict_of)


def prepare(concerns: Callable[[Any], bool], is_well: Callable[[Any], bool]) -> None:
    """Put it in. Once, before the pack is made.

    Args:
        concerns: whether policies judge a resource, from its message.
        is_well: whether none of them has anything to tell of one, from the SDK's arguments.
    """
    _Servicer.concerns, _Servicer.is_well = staticmethod(concerns), staticmethod(is_well)
    inside._PolicyAnalyzerServicer = _Servicer
    inside.json_format = _Json
    inside.deserialize_properties = CONVERSIONS.once(inside.deserialize_properties)
    inside.unknown_checking_proxy = CONVERSIONS.once(inside.unknown_checking_proxy)
