"""Messages as they come: `StreamingPull`, which Pub/Sub's clients subscribe by."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sandbox.cloud.core.store import Store
from sandbox.cloud.grpc_front.methods import ACKNOWLEDGE, MODIFY_DEADLINE, PULL
from sandbox.cloud.grpc_front.transcoding import message_class
from sandbox.cloud.pubsub import messages, models

if TYPE_CHECKING:
    from sandbox.cloud.grpc_front.server import Asked

_MOST: Final = 1000
_LOOK_S: Final = 0.05
"""How often a stream without messages looks for some: also a lease that ends brings one, and the clock can be moved."""


class StreamingPull:
    """Streams of messages. Each is pulled and acknowledged by the calls that a client could make itself."""

    def __init__(self, asked: "Asked", store: Store, now: Callable[[], datetime]) -> None:
        self._asked = asked
        self._store = store
        self._now = now

    async def serve(self, requests: AsyncIterator[Any], context: Any) -> None:
        """Send messages until the caller has no more requests, or cancels."""
        first = await anext(requests, None)
        if first is None:
            return
        stream = {"deadline": first.stream_ack_deadline_seconds}
        taking = asyncio.create_task(self._take(first, requests, stream, context))
        try:
            while not taking.done():
                if not await self._send(first.subscription, stream["deadline"], context):
                    await asyncio.wait([taking], timeout=_LOOK_S)
                    while not taking.done() and not self._is_waiting(first.subscription):
                        await asyncio.wait([taking], timeout=_LOOK_S)
            await taking
        finally:
            taking.cancel()

    async def _take(
        self, request: Any, requests: AsyncIterator[Any], stream: dict[str, int], context: Any
    ) -> None:
        """Acknowledgements and longer leases, as they come."""
        subscription = request.subscription
        while request is not None:
            stream["deadline"] = request.stream_ack_deadline_seconds or stream["deadline"]
            if request.ack_ids:
                fields = {"subscription": subscription, "ack_ids": request.ack_ids}
                await self._asked(ACKNOWLEDGE, message_class(ACKNOWLEDGE.request)(**fields), context)
            by_deadline: defaultdict[int, list[str]] = defaultdict(list)
            for ack_id, seconds in zip(
                request.modify_deadline_ack_ids, request.modify_deadline_seconds, strict=False
            ):
                by_deadline[seconds].append(ack_id)
            for seconds, ack_ids in by_deadline.items():
                await self._lease(subscription, ack_ids, seconds, context)
            request = await anext(requests, None)

    async def _send(self, subscription: str, deadline: int, context: Any) -> bool:
        """Send what there is; False if there is nothing."""
        pull = message_class(PULL.request)(subscription=subscription, max_messages=_MOST)
        found = (await self._asked(PULL, pull, context)).received_messages
        if not found:
            return False
        if deadline:
            await self._lease(subscription, [each.ack_id for each in found], deadline, context)
        answer = message_class("google.pubsub.v1.StreamingPullResponse")
        await context.write(answer(received_messages=found))
        return True

    async def _lease(self, subscription: str, ack_ids: list[str], seconds: int, context: Any) -> None:
        fields = {"subscription": subscription, "ack_ids": ack_ids, "ack_deadline_seconds": seconds}
        await self._asked(MODIFY_DEADLINE, message_class(MODIFY_DEADLINE.request)(**fields), context)

    def _is_waiting(self, subscription: str) -> bool:
        _, project, _, name = subscription.split("/")
        return messages.is_waiting(
            self._store, models.subscription_name(self._store, project, name), self._now()
        )
