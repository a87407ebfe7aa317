"""The control surface below `/_local/` on the main port. Google has nothing like it: it is for tests and people."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.cloud import admin_money, asked, clock
from sandbox.cloud.app import Application
from sandbox.cloud.billing_loop import tiers
from sandbox.cloud.billingbudgets import models as budgets
from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import chance, timings
from sandbox.cloud.core.faults import Faults, read
from sandbox.cloud.core.hold import Hold
from sandbox.cloud.core.journal import Journal
from sandbox.cloud.core.store import Store
from sandbox.cloud.iam import identities
from sandbox.cloud.pubsub import disorder
from sandbox.cloud.serviceusage.catalogue import LIMITS
from sandbox.cloud.serviceusage.write_quotas import WriteQuotas


def create(
    application: Application, store: Store, journal: Journal, faults: Faults, more: Sequence[Route] = ()
) -> Starlette:
    """The admin application, with `more` that others answer for (`cloudfunctions.control`); `admin_money` has money.

    - `GET /_local/requests?after=N`: `{"requests": […], "last": N}`, the journal after request number N.
    - `PATCH /_local/billingAccounts/X` with any of `tier` (1 to 3), `open`, `linkLimit`, `master`.
    - `PATCH /_local/spendCaps/PROJECT` with any of `outputState`, `survivesDeletes`, `unlisted`: what only Google
      changes.
    - `POST /_local/projects` with `projectId` and `parent`: a project whose ID Google no longer gives out, such as
      `example.com:bot`.
    - `DELETE /_local/deletedProjects`: forget projects in deletion, so that their ids can be used again.
    - `PUT /_local/identities` with `{"identities": {TOKEN: {"member": "user:ann@example.com"}}}`: bearer tokens of
      callers, who have what IAM grants them; any other token is the operator's, or refused with `"strict": true`.
      `DELETE` ends that.
    - `GET /_local/permissions`: what the calls of these callers have needed, `[{"member", "permission", "resource"}]`:
      without any one of them, a call would have been refused. `DELETE` forgets them.
    - `GET /_local/certificate`: `{"certificate": PEM}`, of what answers to Google's names (`google_names`).
    - `PUT /_local/latency` with `{"ms": 100}`: every call to a service waits that long.
    - `PUT /_local/enablement` with `{"polls": 3}`: calls of an API in a project that are refused after it was enabled.
    - `PUT /_local/tierLag` with `{"polls": 3}`: listings of a project's quotas that show the free tier's after a link.
    - `PUT /_local/fixedQuotas` with `{"quotaIds": […]}`: these quotas are fixed: every change of them is refused.
    - `PUT /_local/writeQuotas` with `{}`: enforce Google's quotas on writes, for each calling project; with any of
      `projects`, `keys` and `budgets`, such as `{"projects": {"writes": 10, "seconds": 10}}`, other values. `DELETE`
      ends that.
    - `PUT /_local/metricsLag` with `{"seconds": 150}`: Cloud Monitoring has a call that much later.
    - `PUT /_local/clock`: see `clock.change`; `GET` shows it.
    - `PUT /_local/seed` with `{"seed": 7}`: what is left to chance is drawn from it from now on.
    - `PUT /_local/pubsub` with any of `duplicates`, `reorder` (shares), `delaySeconds` and `reorderSeconds`: what
      happens to messages that are published from now on, drawn from the seed; `{}` ends it.
    - `PUT /_local/operations` with `{"polls": 2}`: reads until a new long-running operation is done.
    - `PUT /_local/hold` with `{"writes": 5, "carriedOut": true}`: five more calls that change something are answered,
      and then none; the first of these is carried out, or not. `GET /_local/hold` has `reached`; `DELETE` ends it.
    - `PUT /_local/faults` with `{"faults": [{"error": "UNAVAILABLE", "method", "times": 2}]}`: see
      `core.fault_fields.Fault`; `GET` has those that still wait for a call.
    - `PUT /_local/times` with `{"times": [{"operationSeconds": [2, 5], "method": "apikeys"}]}`: see
      `core.time_fields.Time`; `GET` has them.
    """

    async def requests(request: Request) -> JSONResponse:
        text = request.query_params.get("after", "0")
        if not text.isdecimal():
            return asked.refusal("after must be a request's number")
        entries = journal.after(int(text))
        return JSONResponse({"requests": entries, "last": entries[-1]["n"] if entries else int(text)})

    def patch_account(request: Request, body: dict[str, Any]) -> dict[str, Any]:
        with store.transaction():
            account = request.path_params["account"]
            changed = billing.set_local_state(store, account, body)
            if "tier" in body:
                tiers.set_by_hand(store, account, application.timeline.now())
            return changed

    def patch_cap(request: Request, body: dict[str, Any]) -> dict[str, Any]:
        with store.transaction():
            return budgets.set_cap(store, request.path_params["project"], body)

    def post_project(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        with store.transaction():
            made = projects.create_old_project(
                store, application.timeline.now(), body["projectId"], body["parent"]
            )
            return {"projectNumber": made.number}

    async def forget(_: Request) -> JSONResponse:
        with store.transaction():
            return JSONResponse({"forgotten": projects.forget_deleted(store)})

    def put_identities(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        with store.transaction():
            identities.replace_all(store, body)
        return {"members": sorted({entry["member"] for entry in body["identities"].values()})}

    async def end_identities(_: Request) -> JSONResponse:
        with store.transaction():
            identities.end(store)
        return JSONResponse({})

    async def permissions(request: Request) -> JSONResponse:
        if request.method == "DELETE":
            application.needed.clear()
        names = ("member", "permission", "resource")
        needed = [dict(zip(names, each, strict=True)) for each in sorted(application.needed)]
        return JSONResponse({"permissions": needed})

    async def certificate(_: Request) -> JSONResponse:
        # Not at the top: the package behind it takes a while, and few need it.
        from sandbox.cloud import google_names_certificate

        with store.transaction():
            return JSONResponse({"certificate": google_names_certificate.certificate(store)})

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

    async def clock_of(_: Request) -> JSONResponse:
        return JSONResponse(clock.shown(application.timeline))

    async def put_clock(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        await clock.change(application.timeline, body)
        return clock.shown(application.timeline)

    def put_seed(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        with store.transaction():
            chance.set_seed(store, _whole_number(body, "seed"))
        return body

    def put_pubsub(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        with store.transaction():
            return disorder.put(store, body)

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
        faults.replace(read(body["faults"], application.services))
        return body

    async def get_faults(_: Request) -> JSONResponse:
        return JSONResponse({"faults": faults.waiting})

    def put_times(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        application.timings.replace(timings.read(body["times"], application.services))
        return body

    async def get_times(_: Request) -> JSONResponse:
        return JSONResponse({"times": application.timings.shown})

    return Starlette(
        routes=[
            *more,
            Route("/_local/requests", requests, methods=["GET"]),
            Route("/_local/billingAccounts/{account}", asked.endpoint(patch_account), methods=["PATCH"]),
            Route("/_local/spendCaps/{project}", asked.endpoint(patch_cap), methods=["PATCH"]),
            Route("/_local/projects", asked.endpoint(post_project), methods=["POST"]),
            Route("/_local/deletedProjects", forget, methods=["DELETE"]),
            Route("/_local/identities", asked.endpoint(put_identities), methods=["PUT"]),
            Route("/_local/identities", end_identities, methods=["DELETE"]),
            Route("/_local/permissions", permissions, methods=["GET", "DELETE"]),
            Route("/_local/certificate", certificate, methods=["GET"]),
            Route("/_local/latency", asked.endpoint(put_latency), methods=["PUT"]),
            Route("/_local/enablement", asked.endpoint(put_enablement), methods=["PUT"]),
            Route("/_local/tierLag", asked.endpoint(put_tier_lag), methods=["PUT"]),
            Route("/_local/fixedQuotas", asked.endpoint(put_fixed_quotas), methods=["PUT"]),
            Route("/_local/writeQuotas", asked.endpoint(put_write_quotas), methods=["PUT"]),
            Route("/_local/writeQuotas", end_write_quotas, methods=["DELETE"]),
            Route("/_local/metricsLag", asked.endpoint(put_metrics_lag), methods=["PUT"]),
            *admin_money.routes(store, application.timeline),
            Route("/_local/clock", clock_of, methods=["GET"]),
            Route("/_local/clock", asked.endpoint(put_clock), methods=["PUT"]),
            Route("/_local/seed", asked.endpoint(put_seed), methods=["PUT"]),
            Route("/_local/pubsub", asked.endpoint(put_pubsub), methods=["PUT"]),
            Route("/_local/operations", asked.endpoint(put_operations), methods=["PUT"]),
            Route("/_local/hold", asked.endpoint(put_hold), methods=["PUT"]),
            Route("/_local/hold", get_hold, methods=["GET", "DELETE"]),
            Route("/_local/faults", asked.endpoint(put_faults), methods=["PUT"]),
            Route("/_local/faults", get_faults, methods=["GET"]),
            Route("/_local/times", asked.endpoint(put_times), methods=["PUT"]),
            Route("/_local/times", get_times, methods=["GET"]),
        ]
    )


def _whole_number(body: dict[str, Any], name: str) -> int:
    value = body[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} must be a whole number, 0 or more")
    return value
