"""How calls of the control surface are answered: in JSON, and with 400 and the reason when a body makes no sense."""

import sqlite3
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.cloud.core.errors import CloudError
from sandbox.cloud.core.validation import parse_json

Change = Callable[[Request, dict[str, Any]], dict[str, Any] | Awaitable[dict[str, Any]]]
"""Does what a call asks for; returns the answer."""


def endpoint(change: Change) -> Callable[[Request], Awaitable[JSONResponse]]:
    """The endpoint of calls with a body."""

    async def answer(request: Request) -> JSONResponse:
        try:
            body = parse_json(await request.body())
            if not isinstance(body, dict):
                return refusal("the body must be an object")
            answered = change(request, body)
            return JSONResponse(await answered if isawaitable(answered) else answered)
        except CloudError as error:
            return JSONResponse(error.body(), error.code)
        except KeyError as error:
            return refusal(f"the body lacks {error}")
        except (ValueError, TypeError) as error:
            return refusal(str(error))
        except (AttributeError, OverflowError, sqlite3.ProgrammingError, sqlite3.InterfaceError) as error:
            return refusal(f"the body makes no sense: {error}")

    return answer


def refusal(message: str) -> JSONResponse:
    """400."""
    return JSONResponse(CloudError("INVALID_ARGUMENT", message).body(), 400)
