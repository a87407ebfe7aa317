"""The control surface of billing: costs, budgets, mails, how late billing is, and use without calls."""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.cloud import asked
from sandbox.cloud.billing_loop import assumptions, caps, evaluation, readers
from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudbilling.catalogue import PROCESSINGS
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import mails
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.timeline import Timeline
from sandbox.cloud.generativelanguage import usage
from sandbox.cloud.generativelanguage.published import MODELS
from sandbox.cloud.monitoring import alerting

_MOST_PREPAID = 10**6
#: Of one call, so that money stays a number that the state can hold.
_MOST_USED = 10**9
_COUNTS = ("input", "cached", "output")


def routes(store: Store, timeline: Timeline) -> list[Route]:
    """The routes.

    - `GET /_local/costs`: what projects have used, billed or not, by day and SKU; accounts with tier and stops.
    - `GET /_local/budgets`: what each budget has reached, whom its rules have notified, its messages.
    - `GET /_local/mails`: the mails that Google would have sent: `to`, `subject`, `when`, `why`.
    - `GET /_local/alerts`: the incidents of alert policies, and the conditions that are not evaluated here.
    - `GET /_local/billing`, `PUT` with any of its names: how late billing is, see `billing_loop.assumptions`.
    - `PUT /_local/prepaid` with `{"billingAccount": X, "usd": 50}`: the account pays in advance, and is stopped once
      that is used; with `"usd": null` it pays afterwards.
    - `POST /_local/usage` with `{"project", "model", "input": {"TEXT": 1000}, "output": {…}, "cached": {…},
      "requests", "searches", "processing"}`: use as by calls, which no limit refuses.
    """

    async def costs(_: Request) -> JSONResponse:
        return JSONResponse(readers.costs(store))

    async def budgets(_: Request) -> JSONResponse:
        return JSONResponse({"budgets": evaluation.shown_states(store)})

    async def sent(_: Request) -> JSONResponse:
        return JSONResponse({"mails": mails.all_mails(store)})

    async def alerts(_: Request) -> JSONResponse:
        return JSONResponse(alerting.shown(store))

    async def assumed(_: Request) -> JSONResponse:
        return JSONResponse(assumptions.get(store).as_json())

    def assume(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        with store.transaction():
            return assumptions.change(store, body).as_json()

    def prepaid(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        usd = body["usd"]
        is_number = isinstance(usd, int | float) and not isinstance(usd, bool)
        if usd is not None and not (is_number and 0 <= usd <= _MOST_PREPAID):
            raise ValueError(f"usd must be a number from 0 to {_MOST_PREPAID}, or null")
        with store.transaction():
            caps.set_prepaid(store, billing.require(store, body["billingAccount"]).id, usd)
        return body

    def use(_: Request, body: dict[str, Any]) -> dict[str, Any]:
        with store.transaction():
            project = projects.require_active(store, body["project"])
            usage.add(
                store, project.number, timeline.now(), _used(store, project.number, body, timeline.now())
            )
        timeline.wake()
        return body

    return [
        Route("/_local/costs", costs, methods=["GET"]),
        Route("/_local/budgets", budgets, methods=["GET"]),
        Route("/_local/alerts", alerts, methods=["GET"]),
        Route("/_local/mails", sent, methods=["GET"]),
        Route("/_local/billing", assumed, methods=["GET"]),
        Route("/_local/billing", asked.endpoint(assume), methods=["PUT"]),
        Route("/_local/prepaid", asked.endpoint(prepaid), methods=["PUT"]),
        Route("/_local/usage", asked.endpoint(use), methods=["POST"]),
    ]


def _used(store: Store, project: str, body: dict[str, Any], now: datetime) -> usage.Used:
    model = MODELS.get(body["model"])
    if model is None:
        raise ValueError(f"no model: {body['model']}")
    processing = body.get("processing", "standard")
    if processing not in PROCESSINGS:
        raise ValueError(f"no way of processing: {processing}")
    tokens = {name: body.get(name, {}) for name in _COUNTS}
    numbers = {name: body.get(name, default) for name, default in (("requests", 1), ("searches", 0))}
    for value in (*numbers.values(), *(count for each in tokens.values() for count in each.values())):
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST_USED:
            raise ValueError(f"requests, searches and tokens are whole numbers up to {_MOST_USED}")
    if {modality for each in tokens.values() for modality in each} - set(usage.MODALITIES):
        raise ValueError(f"modalities are {', '.join(usage.MODALITIES)}")
    tier = billing.paid_tier(store, project, now) or 0
    return usage.Used(model.id, model.quota_name, "GenerateContent", tier, processing, **tokens, **numbers)
