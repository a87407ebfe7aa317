"""What topics and subscriptions have in common."""

from typing import Final

from typing_extensions import override

from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import block, blocks, flag, mapping, text

MESSAGE_TRANSFORMS: Final = blocks(
    {
        "aiInference": block(
            {
                "endpoint": text(required=True),
                "serviceAccountEmail": text(),
                "unstructuredInference": block({"parameters": mapping()}),
            }
        ),
        "disabled": flag(default=False),
        "javascriptUdf": block({"code": text(required=True), "functionName": text(required=True)}),
    }
)


class PubSubLifecycle(Lifecycle):
    """What is new is looked at until it is there, and then read."""

    @override
    async def create(self, context: Context, plan: Properties) -> State:
        await super().create(context, plan)
        return await self._read_back(context, plan)
