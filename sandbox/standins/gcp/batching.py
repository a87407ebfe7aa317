"""Requests of several resources that are sent as one, as the official plugin does with a project's services.

It waits some seconds for others to join. Here it is a moment: what the engine starts together arrives together.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.standins.gcp.google import GoogleError
from sandbox.standins.gcp.lifecycle import Context

_MOMENT_S = 0.01

Send = Callable[[list[Any]], Awaitable[Any]]


@dataclass(slots=True)
class _Batch:
    items: list[Any] = field(default_factory=list)
    answer: "asyncio.Future[Any] | None" = None


async def joined(context: Context, key: str, item: Any, send: Send) -> Any:
    """Send `item` with those of others who call with the same key at the same time; all get the same answer.

    A refusal may be of one item only, so each is then sent alone.
    """
    if not context.config.batching:
        return await send([item])
    batch = context.batches.get(key)
    if batch is None:
        batch = context.batches[key] = _Batch()
        batch.answer = asyncio.ensure_future(_sent(context, key, batch, send))
    batch.items.append(item)
    try:
        return await asyncio.shield(batch.answer)
    except GoogleError:
        if len(batch.items) == 1:
            raise
        return await send([item])


async def _sent(context: Context, key: str, batch: _Batch, send: Send) -> Any:
    await asyncio.sleep(_MOMENT_S)
    del context.batches[key]
    return await send(batch.items)
