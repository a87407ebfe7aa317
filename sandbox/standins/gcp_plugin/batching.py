"""Requests of several resources that are sent as one, as the official plugin does with a project's services.

A request waits for others to join as long as the provider's configuration says.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sandbox.standins.gcp_plugin.google import GoogleError
from sandbox.standins.gcp_plugin.lifecycle import Context

Send = Callable[[list[Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class _Batch:
    items: list[Any]
    answer: "asyncio.Future[Any]"


async def joined(context: Context, key: str, item: Any, send: Send) -> Any:
    """Send `item` with those of others who call with the same key at the same time; all get the same answer.

    A refusal may be of one item only, so each is then sent alone.
    """
    if not context.config.batching:
        return await send([item])
    batch: _Batch | None = context.batches.get(key)
    if batch is None:
        items: list[Any] = []
        batch = context.batches[key] = _Batch(items, asyncio.ensure_future(_sent(context, key, items, send)))
    batch.items.append(item)
    try:
        return await asyncio.shield(batch.answer)
    except GoogleError:
        if len(batch.items) == 1:
            raise
        return await send([item])


async def _sent(context: Context, key: str, items: list[Any], send: Send) -> Any:
    await asyncio.sleep(context.config.batch_s)
    del context.batches[key]
    return await send(items)
