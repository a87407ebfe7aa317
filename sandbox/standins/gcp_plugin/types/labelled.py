"""Resources whose labels a refresh sees, and those of Pub/Sub among them."""

from typing_extensions import override

from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties


class LabelledLifecycle(Lifecycle):
    """A refresh sees what became of the program's own labels."""

    @override
    async def read(self, context: Context, properties: Properties) -> State | None:
        state = await super().read(context, properties)
        if state is None:
            return None
        every = state.properties.get("effectiveLabels") or {}
        ours = {
            name: None
            if properties.get(name) is None
            else {label: every[label] for label in properties[name] if label in every}
            for name in ("labels", "pulumiLabels")
        }
        return State(state.id, {**state.properties, **ours})


class PubSubLifecycle(LabelledLifecycle):
    """What is new is looked at until it is there, and then read."""

    @override
    async def create(self, context: Context, plan: Properties) -> State:
        await super().create(context, plan)
        return await self._read_back(context, plan)
