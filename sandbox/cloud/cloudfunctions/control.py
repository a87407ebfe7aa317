"""What the control surface says and does about functions."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.cloud.cloudfunctions import models
from sandbox.cloud.cloudfunctions.models import Function
from sandbox.cloud.cloudfunctions.processes.instance import StartError
from sandbox.cloud.cloudfunctions.processes.supervisor import Supervisor
from sandbox.cloud.core.errors import CloudError, invalid_argument, not_found
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.validation import parse_json

_MOST: Final = 10


def routes(store: Store, supervisor: Supervisor) -> list[Route]:
    """The routes below `/_local/functions/`; NAME is a function's id, or its whole name.

    - `GET NAME/logs`: `{"lines": [{"time", "source", "text"}]}`: its builds, what its instances print, and why callers
      were refused.
    - `GET NAME/instances`: `{"instances": N, "pids": […]}`, the processes that run.
    - `PUT NAME/instances` with `{"instances": 2}`: so many run, from now on.
    """

    def named(request: Request) -> Function:
        name = request.path_params["name"]
        found = [each for each in models.every(store) if name in (each.name, each.service_id)]
        if len(found) != 1:
            raise not_found(f"There are {len(found)} functions called {name}: write the whole name.")
        return found[0]

    async def logs(request: Request) -> JSONResponse:
        try:
            return JSONResponse({"lines": supervisor.log(named(request).name).lines()})
        except CloudError as error:
            return JSONResponse(error.body(), error.code)

    async def instances(request: Request) -> JSONResponse:
        try:
            function = named(request)
            if request.method == "PUT":
                function = _with(store, function, parse_json(await request.body()))
                await supervisor.scale(function)
        except CloudError as error:
            return JSONResponse(error.body(), error.code)
        except StartError as error:
            return JSONResponse(CloudError("INTERNAL", str(error)).body(), 500)
        return JSONResponse({"instances": function.instances, "pids": supervisor.pids(function.name)})

    return [
        Route("/_local/functions/{name:path}/logs", logs, methods=["GET"]),
        Route("/_local/functions/{name:path}/instances", instances, methods=["GET", "PUT"]),
    ]


def _with(store: Store, function: Function, body: Any) -> Function:
    most = min(int(function.settings["maxInstanceCount"]), _MOST)
    count = body.get("instances") if isinstance(body, dict) else None
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= most:
        raise invalid_argument(f"instances must be from 1 to {most}.")
    with store.transaction():
        return models.with_instances(store, function, count)
