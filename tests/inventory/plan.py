"""What the program would change of projects that exist: the program under mocks, the stand-in plugin's reads and diffs.

As Pulumi's engine does it, in one process: each resource that the program registers is looked up at Google, by `import`
or by its natural name, read, and compared with what the program wants.
"""

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi.runtime import mocks

from components import Environment
from landing_zone.google.config import GoogleConfig
from landing_zone.google.quota_overrides import list_limits, loosened, overrides_to_set
from landing_zone.google.rest import Google
from landing_zone.google.spend_caps import SpendCap
from landing_zone.operations.natural_names import look_up
from landing_zone.operations.planned import Planned
from landing_zone.operations.world import World
from landing_zone.settings import load_engine
from landing_zone.settings.problems import NAMESPACE
from provider.limit_inputs import set_elsewhere, wanted_limits
from provider.package import RESOURCES
from provider.resource import Context as NativeContext
from sandbox.cloud.endpoints import environment as endpoints
from sandbox.standins.gcp_plugin import check
from sandbox.standins.gcp_plugin.config import configured
from sandbox.standins.gcp_plugin.google import Google as PluginGoogle
from sandbox.standins.gcp_plugin.lifecycle import Context, State
from sandbox.standins.gcp_plugin.plan import changes, planned
from sandbox.standins.gcp_plugin.schema import UNKNOWN
from sandbox.standins.gcp_plugin.types import LIFECYCLES
from tests.workspace import Cloud

STACK: Final = "test"
_OURS: Final = "gemini-landing-zone:index:"
_SECRET: Final = "4dabf18193072939515e22adb298388d"
"""Key of a value that is a secret. Source: resource.SigKey of Pulumi's SDK."""
_NOT_COMPARED: Final = (
    "pulumi:pulumi:Stack",
    "pulumi:providers:gemini-landing-zone",
    # Set again without a change: see natural_names.
    "gcp:pubsub/topicIAMMember:TopicIAMMember",
)
_COMPUTED: Final = ("pulumiLabels", "sensitiveLabels", "effectiveLabels")
"""Properties that follow from others, or that Google does not show."""
_STATE_ALONE: Final = ("Roster", "ProjectExit", "StackExit", "TierCheck")


@dataclass(frozen=True)
class Plan:
    """What an update would do."""

    changes: list[str]
    """What it would change, a line each."""
    ids: set[tuple[str, str]]
    """Type and id of all that it manages at Google."""


def planned_changes(cloud: Cloud, config: Mapping[str, Any]) -> list[str]:
    """What an update by these settings would change, a line each. `config`: without the namespace."""
    return plan(cloud, config).changes


def deploy(cloud: Cloud, config: Mapping[str, Any]) -> None:
    """Make what the settings describe, as the plugin and the provider make it, without an engine."""
    _run(cloud, config, creates=True)


def plan(cloud: Cloud, config: Mapping[str, Any]) -> Plan:
    """What an update by these settings would do."""
    return _run(cloud, config, creates=False)


def _run(cloud: Cloud, config: Mapping[str, Any], *, creates: bool) -> Plan:
    settings = load_engine(STACK, handed(config), Path("nowhere"))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    google = _AtGoogle(cloud, creates=creates)
    monitor = _Monitor(google)
    mocks.set_mocks(google, project=NAMESPACE, stack=STACK, preview=False, monitor=monitor)
    pulumi.runtime.test(lambda: pulumi.Output.from_input(Environment(settings).outputs))()
    loop.close()
    return Plan(sorted(google.differences), google.ids)


def handed(config: Mapping[str, Any]) -> dict[str, str]:
    """Settings as the engine hands them over."""
    return {
        f"{NAMESPACE}:{name}": value if isinstance(value, str) else json.dumps(value, default=str)
        for name, value in config.items()
    }


class _Monitor(mocks.MockMonitor):
    """Keeps the ids of resources to import: the mocks are not given them."""

    def __init__(self, google: "_AtGoogle") -> None:
        super().__init__(google)
        self._google = google

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 a gRPC method
        if request.importId:
            self._google.imports[request.name] = request.importId
        return super().RegisterResource(request)


class _AtGoogle(pulumi.runtime.Mocks):
    """Answers with what Google has, and notes what the program wants otherwise; or makes what it wants."""

    def __init__(self, cloud: Cloud, *, creates: bool) -> None:
        self._creates = creates
        self.differences: list[str] = []
        self.imports: dict[str, str] = {}
        self.ids: set[tuple[str, str]] = set()
        variables = endpoints(cloud.ready)
        self._google = Google(GoogleConfig.read({}, variables))
        self._world = World(self._google, NAMESPACE, STACK)
        self._config = configured({}, variables)

    @property
    def _native(self) -> NativeContext:
        """What the provider's resource types work with."""
        return NativeContext(self._google, self._google, *[lambda _: None] * 3)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the program asked for {args.token}")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        kind = args.typ.rpartition(":")[2]
        args.inputs = _plain(args.inputs)
        if args.typ in _NOT_COMPARED:
            return f"{args.name}-id", dict(args.inputs)
        if args.typ.startswith(_OURS):
            self._own(kind, args)
            return f"{args.name}-id", {**args.inputs, "tier": "1"}
        if self._creates and not args.resource_id:
            with ThreadPoolExecutor(1) as pool:
                state = pool.submit(asyncio.run, self._make(args)).result()
            return state.id, dict(state.properties)
        found = args.resource_id or self.imports.get(args.name) or self._natural(args)
        if found is None:
            self.differences.append(f"create {kind} {args.name}")
            return f"{args.name}-id", {**args.inputs, "name": args.inputs.get("name", args.name)}
        self.ids.add((kind, found))
        with ThreadPoolExecutor(1) as pool:  # the mocks run in an event loop
            return found, pool.submit(asyncio.run, self._read(args, found)).result()

    def _natural(self, args: mocks.MockResourceArgs) -> str | None:
        inputs = args.inputs
        if args.typ == "gcp:projects/service:Service":
            return f"{inputs['project']}/{inputs['service']}"
        if args.typ == "gcp:billing/projectInfo:ProjectInfo":
            return f"projects/{inputs['project']}"
        return look_up(self._world, Planned(args.name, args.typ, {"inputs": inputs, "custom": True}))

    async def _read(self, args: mocks.MockResourceArgs, found: str) -> dict[str, Any]:
        config, kind = self._config, args.typ.rpartition(":")[2]
        google = PluginGoogle(config.addresses, config.token, config.headers)
        context, lifecycle = Context(config, google), LIFECYCLES[args.typ]
        inputs = {}
        if not args.resource_id:  # else it is only read
            inputs = check.with_defaults(lifecycle.resource, {}, args.inputs, _naming(args.name))
        state = await lifecycle.read(context, {**(lifecycle.identity(context, found) or {}), **inputs})
        await google.close()
        if state is None:
            self.differences.append(f"create {kind} {args.name}")
            return dict(args.inputs)
        if args.name in self.imports and state.id != found:
            # The engine would import it again and again.
            self.differences.append(f"import {kind} {args.name} as {found}, which is {state.id}")
        if not args.resource_id:
            plan = planned(lifecycle.resource, state.properties, inputs, config.defaults)
            wrong = [
                each.path
                for each in changes(lifecycle.resource, state.properties, plan)
                if not each.path.startswith(_COMPUTED)
            ]
            wrong += [f"{each.path}: {each.reason}" for each in check.failures(lifecycle.resource, inputs)]
            if wrong:
                self.differences.append(f"update {kind} {args.name}: {', '.join(wrong)}")
        return dict(state.properties)

    async def _make(self, args: mocks.MockResourceArgs) -> State:
        config, lifecycle = self._config, LIFECYCLES[args.typ]
        google = PluginGoogle(config.addresses, config.token, config.headers)
        inputs = check.with_defaults(lifecycle.resource, {}, args.inputs, _naming(args.name))
        wanted = _known(planned(lifecycle.resource, None, inputs, config.defaults))
        state = await lifecycle.create(Context(config, google), wanted)
        await google.close()
        return state

    def _own(self, kind: str, args: mocks.MockResourceArgs) -> None:
        inputs = args.inputs
        if self._creates:
            if kind in ("ProjectLimits", "SpendCap"):
                RESOURCES[f"{_OURS}{kind}"].create(self._native, dict(inputs))
            return
        if kind == "ProjectLimits":
            self.ids.add((kind, f"projects/{inputs['project']}/limits"))
            listed = list_limits(self._google, inputs["project"])
            wanted, elsewhere = wanted_limits(inputs), set_elsewhere(inputs)
            fixed = {limit.place for limit in listed if limit.fixed}
            wrong = [
                str(each)
                for each in overrides_to_set(listed, wanted, elsewhere)
                if each.on.place not in fixed
            ]
            wrong += [
                f"{limit.place} {model} is open" for limit, model in loosened(listed, wanted, elsewhere)
            ]
            self.differences += [f"update {kind} {args.name}: {each}" for each in wrong]
        elif kind == "SpendCap":
            found = self._natural(args)
            self.ids.add((kind, found or ""))
            cap = self._google.call("billingbudgets", "GET", found) if found else None
            if cap is None:
                self.differences.append(f"create {kind} {args.name}")
            elif f"{SpendCap.from_budget(cap).amount.normalize():f}" != inputs["amount"]:
                self.differences.append(f"update {kind} {args.name}: amount")
        elif kind not in _STATE_ALONE and kind[0].isupper() and "custom" in inputs:
            raise AssertionError(f"no comparison for {kind}")


def _plain(value: Any) -> Any:
    """Without the marks of secrets; whole numbers as such, which protocol buffers do not have in JSON."""
    if isinstance(value, Mapping):
        found = {name: _plain(each) for name, each in value.items()}
        return found["value"] if _SECRET in found else found
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _known(value: Any) -> Any:
    """Without what Google will fill in."""
    if isinstance(value, Mapping):
        return {name: _known(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_known(each) for each in value]
    return None if value == UNKNOWN else value


def _naming(name: str) -> check.Naming:
    return check.Naming(name=name, seed=b"", mode="", proposed="")
