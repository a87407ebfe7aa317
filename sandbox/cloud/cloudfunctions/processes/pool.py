"""The instances of a function's revision, and which of them takes a request."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Final

from sandbox.cloud.cloudfunctions.processes.build import Revision
from sandbox.cloud.cloudfunctions.processes.instance import Instance, Log, StartError
from sandbox.cloud.cloudfunctions.processes.metadata import MetadataServer

_DRAIN_S: Final = 10.0


class Pool:
    """Keeps up to `size` instances: one that has ended is replaced with the next request."""

    def __init__(
        self,
        revision: Revision,
        name: str,
        size: int,
        environment: Mapping[str, str],
        metadata: MetadataServer,
        log: Log,
    ) -> None:
        self.revision = revision
        self.name = name
        self.size = size
        self._environment = environment
        self._metadata = metadata
        self._log = log
        self._instances: list[Instance] = []
        self._starting = 0
        self._started = 0
        self._used = 0
        self._changed = asyncio.Condition()

    @property
    def instances(self) -> list[Instance]:
        """The instances that run."""
        return [instance for instance in self._instances if instance.alive]

    @contextlib.asynccontextmanager
    async def instance(self) -> AsyncIterator[Instance]:
        """An instance that has room for one more request, as soon as there is one.

        Raises:
            StartError: it takes one more, and that one does not serve.
        """
        concurrency = int(self.revision.settings["maxInstanceRequestConcurrency"])
        async with self._changed:
            while True:
                free = [each for each in self.instances if each.in_flight < concurrency]
                if free:
                    taken = min(free, key=lambda each: (each.in_flight, each.used))
                    break
                if self.size == 0:
                    raise StartError("the revision serves no more")
                if len(self.instances) + self._starting < self.size:
                    await self._start()
                    continue
                await self._changed.wait()
            self._used += 1
            taken.used = self._used
            taken.in_flight += 1
        try:
            yield taken
        finally:
            async with self._changed:
                taken.in_flight -= 1
                self._changed.notify_all()

    async def fill(self) -> None:
        """Start what is missing, and end what is too much.

        Raises:
            StartError: an instance does not serve.
        """
        async with self._changed:
            while len(self.instances) + self._starting < self.size:
                await self._start()
            surplus = self.instances[self.size :]
            self._instances = self.instances[: self.size]
            self._changed.notify_all()
        await asyncio.gather(*(each.stop() for each in surplus))

    async def _start(self) -> None:
        """Start an instance; the condition, which the caller holds, is free meanwhile."""
        self._starting += 1
        self._started += 1
        label = f"{self.name}/{self._started}"
        self._changed.release()
        try:
            started = await Instance.start(self.revision, self._environment, label, self._log)
        except StartError as error:
            self._log.add(label, f"The instance did not start: {error}")
            raise
        finally:
            await self._changed.acquire()
            self._starting -= 1
            self._changed.notify_all()
        self._instances = [*self.instances, started]

    async def close(self, *, drain: bool = False) -> None:
        """End all instances; with `drain`, when they have answered what they have."""
        if drain:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN_S), self._changed:
                    await self._changed.wait_for(lambda: not any(each.in_flight for each in self.instances))
        async with self._changed:
            self.size = 0
            self._changed.notify_all()
        await asyncio.gather(*(each.stop() for each in self._instances))
        self._instances = []
        self._metadata.close()
