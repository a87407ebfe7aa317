"""The public keys of ID tokens, where Google has them: `/oauth2/v1/certs` (PEM) and `/oauth2/v3/certs` (a JWKS)."""

from collections.abc import Callable
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.cloud.core import front
from sandbox.cloud.core.errors import CloudError
from sandbox.cloud.core.store import Store
from sandbox.cloud.iam import id_tokens

PATH: Final = "oauth2"


def create(store: Store) -> Starlette:
    """The application that anyone on this machine may ask."""

    def serving(read: Callable[[Store], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> JSONResponse:
            try:
                front.check_page(request.scope["headers"])
            except CloudError as error:
                return JSONResponse(error.body(), error.code)
            with store.transaction():
                return JSONResponse(read(store))

        return endpoint

    return Starlette(
        routes=[
            Route(f"/{PATH}/v1/certs", serving(id_tokens.certificates)),
            Route(f"/{PATH}/v3/certs", serving(id_tokens.jwks)),
        ]
    )
