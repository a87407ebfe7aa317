"""The timed work of billing: each finished minute of use is metered, caps are enforced and lifted, and every 20 to 30
minutes each account has a run, in which costs arrive, its tier moves, and its budgets are evaluated and publish.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sandbox.cloud.billing_loop import caps, evaluation, metering, stops, tiers
from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.core import chance, mails
from sandbox.cloud.core.service import Service
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.timeline import Delivery, Job

_SCHEMA: Final = """
CREATE TABLE billing_runs (account TEXT PRIMARY KEY, at INTEGER NOT NULL, number INTEGER NOT NULL) WITHOUT ROWID;
"""
_LEAST: Final = timedelta(minutes=20)
_MOST: Final = timedelta(minutes=30)


def due(store: Store) -> datetime | None:
    """When something is next to be done."""
    at = store.value("SELECT min(at) FROM billing_runs")
    run = datetime.fromtimestamp(at, UTC) if at is not None else None
    unseen = _account_without_run(store)
    found = (
        run,
        metering.next_minute(store),
        caps.next_event(store),
        datetime.fromtimestamp(0, UTC) if unseen else None,
    )
    return min((each for each in found if each is not None), default=None)


def work(store: Store, now: datetime) -> Sequence[Delivery]:
    """Do what is due."""
    metered = metering.meter(store, now)
    for account in dict.fromkeys(each.account for each in metered):
        if store.row("SELECT 1 FROM billing_runs WHERE account = ?", account) is None:
            _schedule(store, account, 0, now)
    caps.look_at(store, metered, now)
    caps.run_events(store, now)
    for row in store.rows(
        "SELECT account, number FROM billing_runs WHERE at <= ? ORDER BY account", now.timestamp()
    ):
        _run(store, row["account"], row["number"], now)
    while account := _account_without_run(store):
        _schedule(store, account, 0, now)
    return ()


def set_back(store: Store, now: datetime, by: timedelta) -> None:
    """The clock is set back: runs and caps come when they would have, and what binds for minutes binds no more."""
    metering.set_back(store, now, by)
    store.run("UPDATE billing_runs SET at = at - ?", int(by.total_seconds()))
    caps.set_back(store, now, by)


def _account_without_run(store: Store) -> str:
    """An account that has budgets and no run yet."""
    found = store.value(
        "SELECT id FROM billing_accounts WHERE id NOT IN (SELECT account FROM billing_runs) "
        "AND EXISTS (SELECT 1 FROM budgets WHERE account_id = billing_accounts.id) LIMIT 1"
    )
    return str(found or "")


def _run(store: Store, account_id: str, number: int, now: datetime) -> None:
    account = billing.require(store, account_id)
    grown = metering.bill(store, account_id, now)
    if grown:
        tiers.pay(store, account_id, sum(grown.values()), now)
    tiers.move_up(store, account_id, now)
    evaluation.evaluate(store, account_id, account.currency, grown, now)
    _schedule(store, account_id, number + 1, now)


def _schedule(store: Store, account: str, number: int, now: datetime) -> None:
    at = now + chance.between(store, _LEAST, _MOST, "run", account, number)
    store.run("INSERT OR REPLACE INTO billing_runs VALUES (?, ?, ?)", account, at.timestamp(), number)


LOOP: Final = Service(
    name="billing_loop",
    apis=(),
    schema=_SCHEMA
    + stops.SCHEMA
    + metering.SCHEMA
    + caps.SCHEMA
    + tiers.SCHEMA
    + evaluation.SCHEMA
    + mails.SCHEMA,
    job=Job(due, work, set_back),
)
"""What Google's billing does by itself."""
