"""Many callers of the local Gemini API at once, each on a connection that it keeps."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

CALLERS: Final = 64


@dataclass(frozen=True)
class Target:
    """Where to call, and with which key."""

    url: str
    """The address of the Gemini API."""
    key: str

    def load(
        self, method: str, path: str, body: Any = None, *, calls: int, callers: int = CALLERS
    ) -> Counter[int]:
        """Make one call so many times; returns the statuses of the answers."""
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} /v1beta/{path} HTTP/1.1\r\nhost: {urlsplit(self.url).netloc}\r\nx-goog-api-key: {self.key}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
        )
        return asyncio.run(self._load(head.encode() + content, calls, callers))

    def ask(self, model: str, body: Any, *, calls: int) -> Counter[int]:
        """Ask a model so many times; returns the statuses of the answers."""
        return self.load("POST", f"models/{model}:generateContent", body, calls=calls)

    async def _load(self, request: bytes, calls: int, callers: int) -> Counter[int]:
        shares = [calls // callers + (index < calls % callers) for index in range(callers)]
        found = await asyncio.gather(*(self._caller(request, share) for share in shares if share))
        return sum(found, start=Counter())

    async def _caller(self, request: bytes, calls: int) -> Counter[int]:
        address = urlsplit(self.url)
        statuses: Counter[int] = Counter()
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for _ in range(calls):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            statuses[int(head[9:12])] += 1
        writer.close()
        return statuses
