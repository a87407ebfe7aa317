"""The live page of `make demo`: served on this machine alone, it follows the board and orders clock and faults."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.demo.board import Board
from sandbox.local_cloud import HOST

_LOOK_S: Final = 0.1
_MOST_BYTES: Final = 4096
_PAGE: Final = Path(__file__).with_name("page.html")
_HEADERS: Final = {
    "Cache-Control": "no-store",
    # Nothing from anywhere else, also if a text of the cloud's could become markup.
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


def create(board: Board) -> Starlette:
    """The page's application. It refuses what a page of another origin could send, as the local cloud does."""

    async def page(request: Request) -> Response:
        return _refusal(request) or HTMLResponse(_PAGE.read_text(encoding="utf-8"), headers=_HEADERS)

    async def state(request: Request) -> Response:
        return _refusal(request) or JSONResponse(board.shown(), headers=_HEADERS)

    async def events(request: Request) -> Response:
        return _refusal(request) or StreamingResponse(
            _events(board), media_type="text/event-stream", headers=_HEADERS
        )

    async def control(request: Request) -> Response:
        if refusal := _refusal(request):
            return refusal
        body = await request.body()
        try:
            if len(body) > _MOST_BYTES:
                raise ValueError("the order is too long")
            board.order(json.loads(body))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({})

    return Starlette(
        routes=[
            Route("/", page),
            Route("/state", state),
            Route("/events", events),
            Route("/control", control, methods=["POST"]),
        ]
    )


@contextmanager
def served(board: Board, port: int = 0) -> Iterator[str]:
    """Serve the page in a thread; yields its address."""
    with socket.create_server((HOST, port)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(create(board), log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


async def _events(board: Board) -> AsyncIterator[str]:
    seen = -1
    board.watched()
    try:
        while True:
            if board.version != seen:
                shown = board.shown()
                seen = shown["version"]
                yield f"data: {json.dumps(shown)}\n\n"
                if shown["ended"]:
                    return
            await asyncio.sleep(_LOOK_S)
    finally:
        board.seen()


def _refusal(request: Request) -> Response | None:
    """The refusal of a request by another name of this machine, or from another page."""
    host = request.headers.get("host", "")
    origin = request.headers.get("origin")
    own = urlsplit(f"//{host}").hostname in (HOST, "localhost")
    if not own or (origin is not None and origin != f"http://{host}"):
        return JSONResponse({"error": "this is for the page itself"}, 403)
    if request.method == "POST" and request.headers.get("content-type") != "application/json":
        return JSONResponse({"error": "an order is JSON"}, 415)
    return None
