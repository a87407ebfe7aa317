"""The control surface below `/_local/` on the main port. Google has nothing like it: it is for tests and people."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.cloud.app import Application
from sandbox.cloud.billingbudgets import models as budgets
from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.errors import CloudError
from sandbox.cloud.core.faults import Faults
from sandbox.cloud.core.hold import Hold
from sandbox.cloud.core.journal import Journal
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.validation import parse_json
from sandbox.cloud.serviceusage.catalogue import LIMITS
from sandbox.cloud.serviceusage.write_quotas import WriteQuotas

Change = Callable[[Request, dict[str, Any]], dict[str, Any]]


def create(application: Application, store: Store, journal: Journal, faults: Faults) -> Starlette:
    """The admin application.

    - `GET /_local/requests?after=N`: `{"requests": […], "last": N}`, the journal after request number N.
    - `PATCH /_local/billingAccounts/X` with any of `tier` (1 to 3), `open`, `linkLimit`, `master`.
    - `PATCH /_local/spendCaps/PROJECT` with any of `outputState`, `survivesDeletes`, `unlisted`: what only Google
      changes.
    - `POST /_local/projects` with `projectId` and `parent`: a project whose ID Google no longer gives out, such as
      `example.com:bot`.
    - `DELETE /_local/deletedProjects`: forget projects in deletion, so that their ids can be used again.
    - `PUT /_local/latency` with `{"ms": 100}`: every call to a service waits that long.
    - `PUT /_local/enablement` with `{"polls": 3}`: calls of an API in a project that are refused after it was enabled.
    - `PUT /_local/tierLag` with `{"polls": 3}`: listings of a project's quotas that show the free tier's after a link.
    - `PUT /_local/fixedQuotas` with `{"quotaIds": […]}`: these quotas are fixed: every change of them is refused.
    - `PUT /_local/writeQuotas` with `{}`: enforce Google's quotas on writes, for each calling project; with any of
      `projects`, `keys` and `budgets`, such as `{"projects": {"writes": 10, "seconds": 10}}`, other values. `DELETE`
      ends that.
    - `PUT /_local/metricsLag` with `{"seconds": 150}`: Cloud Monitoring has a call that much later.
    - `PUT /_local/clock` with `{"seconds": 60}`: the time of calls is that much ahead.
    - `PUT /_local/operations` with `{"polls": 2}`: reads until a new long-running operation is done.
    - `PUT /_local/hold` with `{"writes": 5, "carriedOut": true}`: five more calls that change something are answered,
      and then none; the first of these is carried out, or not. `GET /_local/hold` has `reached`; `DELETE` ends it.
    - `PUT /_local/faults` with `{"faults": [{"error", "method", "path", "times"}]}`: see `core.faults.Fault`.
    """

    async def requests(request: Request) -> JSONResponse:
        text = request.query_params.get("after", "0")
        if not text.isdecimal():
            return _refusal("after must be a request's number")
        entries = journal.after(int(text))
        return JSONResponse({"requests": entries, "last": entries[-1]["n"] if entries else int(text)})

    def patch_account(request: Request, body: dict[str, Any]) -> dict[str, Any]:
        with store.transaction():
            return billing.set_local_state(store, request.path_params["account"], body)

    def patch_cap(request: Request, body: dict[str, Any]) -> dict[str, Any]:
        with store.transaction():
            return budgets.set_cap(store, request.path_params["project"], body)

    def post_project(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        with store.transaction():
            made = projects.create_old_project(
                store, datetime.now(UTC) + application.clock, body["projectId"], body["parent"]
            )
            return {"projectNumber": made.number}

    async def forget(_: Request) -> JSONResponse:
        with store.transaction():
            return JSONResponse({"forgotten": projects.forget_deleted(store)})

    def put_latency(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        application.latency = _whole_number(body, "ms") / 1000
        return body

    def put_enablement(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        store.enablement_polls = _whole_number(body, "polls")
        return body

    def put_tier_lag(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        store.tier_lag_polls = _whole_number(body, "polls")
        return body

    def put_fixed_quotas(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        unknown = set(body["quotaIds"]) - {limit.quota_id for limit in LIMITS}
        if unknown:
            raise ValueError(f"no quotas: {', '.join(sorted(unknown))}")
        store.fixed_quotas = frozenset(body["quotaIds"])
        return body

    def put_write_quotas(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        application.write_quotas = WriteQuotas(body)
        return body

    async def end_write_quotas(_: Request) -> JSONResponse:
        application.write_quotas = None
        return JSONResponse({})

    def put_metrics_lag(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        store.metrics_lag = timedelta(seconds=_whole_number(body, "seconds"))
        return body

    def put_clock(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        application.clock = timedelta(seconds=_whole_number(body, "seconds"))
        return body

    def put_operations(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        store.settle_polls = _whole_number(body, "polls")
        return body

    def put_hold(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        application.hold = Hold(_whole_number(body, "writes"), carried_out=bool(body["carriedOut"]))
        return body

    async def get_hold(request: Request) -> JSONResponse:
        if request.method == "DELETE":
            application.hold = None
        return JSONResponse({"reached": bool(application.hold and application.hold.reached)})

    def put_faults(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        faults.replace(body["faults"])
        return body

    return Starlette(
        routes=[
            Route("/_local/requests", requests, methods=["GET"]),
            Route("/_local/billingAccounts/{account}", _endpoint(patch_account), methods=["PATCH"]),
            Route("/_local/spendCaps/{project}", _endpoint(patch_cap), methods=["PATCH"]),
            Route("/_local/projects", _endpoint(post_project), methods=["POST"]),
            Route("/_local/deletedProjects", forget, methods=["DELETE"]),
            Route("/_local/latency", _endpoint(put_latency), methods=["PUT"]),
            Route("/_local/enablement", _endpoint(put_enablement), methods=["PUT"]),
            Route("/_local/tierLag", _endpoint(put_tier_lag), methods=["PUT"]),
            Route("/_local/fixedQuotas", _endpoint(put_fixed_quotas), methods=["PUT"]),
            Route("/_local/writeQuotas", _endpoint(put_write_quotas), methods=["PUT"]),
            Route("/_local/writeQuotas", end_write_quotas, methods=["DELETE"]),
            Route("/_local/metricsLag", _endpoint(put_metrics_lag), methods=["PUT"]),
            Route("/_local/clock", _endpoint(put_clock), methods=["PUT"]),
            Route("/_local/operations", _endpoint(put_operations), methods=["PUT"]),
            Route("/_local/hold", _endpoint(put_hold), methods=["PUT"]),
            Route("/_local/hold", get_hold, methods=["GET", "DELETE"]),
            Route("/_local/faults", _endpoint(put_faults), methods=["PUT"]),
        ]
    )


def _endpoint(change: Change) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> JSONResponse:
        try:
            return JSONResponse(change(request, parse_json(await request.body())))
        except CloudError as error:
            return JSONResponse(error.body(), error.code)
        except KeyError as error:
            return _refusal(f"the body lacks {error}")
        except (ValueError, TypeError) as error:
            return _refusal(str(error))

    return endpoint


def _whole_number(body: dict[str, Any], name: str) -> int:
    value = body[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} must be a whole number, 0 or more")
    return value


def _refusal(message: str) -> JSONResponse:
    return JSONResponse(CloudError("INVALID_ARGUMENT", message).body(), 400)
