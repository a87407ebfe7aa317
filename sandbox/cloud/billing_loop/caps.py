"""Spend caps and the caps of tiers: what they stop, and when. Both look at what is used, not at what is billed yet.

A cap is enforced some time after its amount is spent (`Assumptions`), and lifted when the Pacific month ends. A tier's
spend rate binds within a minute and for as long as the last 10 minutes cost more.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from sandbox.cloud.billing_loop import assumptions, metering, recipients, stops
from sandbox.cloud.billing_loop.metering import Metered
from sandbox.cloud.billing_loop.money import kept
from sandbox.cloud.billing_loop.periods import day_of, next_month
from sandbox.cloud.billingbudgets import models as budgets
from sandbox.cloud.billingbudgets import spend_caps
from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.core import mails
from sandbox.cloud.core.store import Store

SCHEMA: Final = """
CREATE TABLE billing_pending (
    kind TEXT NOT NULL, subject TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (kind, subject)
) WITHOUT ROWID;
CREATE TABLE billing_prepaid (
    account TEXT PRIMARY KEY, used_before INTEGER NOT NULL, usd INTEGER NOT NULL
) WITHOUT ROWID;
"""
_CAP: Final = "cap"
_TIER: Final = "tier"
_MONTH: Final = "month"
_TEN_MINUTES: Final = timedelta(minutes=10)
_MINUTE: Final = timedelta(minutes=1)


def next_event(store: Store) -> datetime | None:
    """When the next cap is enforced or lifted."""
    if _lifted_in_no_month(store):
        return datetime.fromtimestamp(0, UTC)
    at = store.value("SELECT min(at) FROM billing_pending")
    return datetime.fromtimestamp(at, UTC) if at is not None else None


def look_at(store: Store, metered: Iterable[Metered], now: datetime) -> None:
    """See which caps the use of the last minutes has reached."""
    accounts: dict[tuple[str, str], None] = {}
    for each in metered:
        accounts[each.account, each.month] = None
        cap = store.row(
            "SELECT * FROM spend_caps WHERE project = ? AND state = ?", each.project, spend_caps.CONFIGURED
        )
        if cap is not None and _spent(store, each.project, each.month) >= cap["amount"]:
            assumed = assumptions.get(store).cap_minutes
            _expect(store, _CAP, each.project, each.month, assumed, now)
    for account, month in accounts:
        _look_at_account(store, account, month, now)


def _look_at_account(store: Store, account: str, month: str, now: datetime) -> None:
    assumed = assumptions.get(store)
    if _reaches_tier_cap(store, account, month) and not stops.of_account(store, account, stops.TIER, now):
        _expect(store, _TIER, account, month, assumed.tier_cap_minutes, now)
    ends = store.value("SELECT used_before + usd FROM billing_prepaid WHERE account = ?", account)
    if ends is not None and _used(store, account) >= ends:
        stops.stop(store, account, stops.PREPAID, stops.FOREVER)
    if assumed.tier_rates_apply:
        tier = str(billing.require(store, account).tier)
        _look_at_rate(store, account, kept(assumed.tier_rates[tier]), now)


def _look_at_rate(store: Store, account: str, most: int, now: datetime) -> None:
    minutes = metering.spent_in_minutes(store, account, now - _TEN_MINUTES)
    total = sum(usd for _, usd in minutes)
    until = 0.0
    for minute, usd in minutes:
        if total < most:
            break
        total -= usd
        until = minute + (_TEN_MINUTES + _MINUTE).total_seconds()
    if until:
        stops.stop(store, account, stops.RATE, until)


def _spent(store: Store, project: str, month: str) -> int:
    sql = "SELECT sum(amount) FROM billing_months WHERE project = ? AND month = ?"
    return int(store.value(sql, project, month) or 0)


def _reaches_tier_cap(store: Store, account: str, month: str) -> bool:
    """Whether what all projects of an account have used in a month, billed or not, is as much as its tier's cap."""
    tier = str(billing.require(store, account).tier)
    sql = "SELECT sum(usd) FROM billing_months WHERE account = ? AND month = ?"
    return int(store.value(sql, account, month) or 0) >= kept(assumptions.get(store).tier_caps[tier])


def _used(store: Store, account: str) -> int:
    return int(store.value("SELECT sum(usd) FROM billing_months WHERE account = ?", account) or 0)


def set_prepaid(store: Store, account: str, usd: float | None) -> None:
    """Let an account pay so much in advance from now on; None: it pays afterwards."""
    stops.lift(store, account, stops.PREPAID)
    store.run("DELETE FROM billing_prepaid WHERE account = ?", account)
    if usd is not None:
        used = _used(store, account)
        store.run("INSERT INTO billing_prepaid VALUES (?, ?, ?)", account, used, kept(usd))
        if not usd:
            stops.stop(store, account, stops.PREPAID, stops.FOREVER)


def _expect(
    store: Store, kind: str, subject: str, month: str, minutes: tuple[float, float], now: datetime
) -> None:
    """Enforce a cap after its lag, unless that is to come already."""
    lag = assumptions.lag(store, minutes, _MINUTE, kind, subject, month)
    store.run(
        "INSERT OR IGNORE INTO billing_pending VALUES (?, ?, ?)", kind, subject, (now + lag).timestamp()
    )


def run_events(store: Store, now: datetime) -> None:
    """Enforce and lift what is due."""
    rows = store.rows(
        "SELECT kind, subject FROM billing_pending WHERE at <= ? ORDER BY at, kind, subject", now.timestamp()
    )
    store.run("DELETE FROM billing_pending WHERE at <= ?", now.timestamp())
    month = day_of(now).isoformat()[:7]
    for row in rows:
        if row["kind"] == _MONTH:
            _lift_caps(store)
        elif row["kind"] == _CAP:
            _enforce_cap(store, row["subject"], month, now)
        else:
            _pause_account(store, row["subject"], month, now)
    if _lifted_in_no_month(store):
        store.run("INSERT INTO billing_pending VALUES (?, '', ?)", _MONTH, next_month(now).timestamp())


def set_back(store: Store, now: datetime, by: timedelta) -> None:
    """The clock is set back: a cap binds after the rest of its lag, to the end of the month that it is then."""
    store.run("UPDATE billing_pending SET at = at - ?", int(by.total_seconds()))
    store.run("DELETE FROM billing_pending WHERE kind = ?", _MONTH)
    stops.end_by(store, stops.RATE, now)
    stops.end_by(store, stops.TIER, next_month(now))


def _lifted_in_no_month(store: Store) -> bool:
    """Whether a cap is enforced or lifted by hand without its next month to come."""
    return bool(
        store.row(
            "SELECT 1 FROM spend_caps WHERE state <> ? AND NOT EXISTS (SELECT 1 FROM billing_pending WHERE kind = ?)",
            spend_caps.CONFIGURED,
            _MONTH,
        )
    )


def _lift_caps(store: Store) -> None:
    for cap in store.rows("SELECT account, budget FROM spend_caps WHERE state <> ?", spend_caps.CONFIGURED):
        budgets.set_cap_state(store, cap["account"], cap["budget"], spend_caps.CONFIGURED)


def _enforce_cap(store: Store, project: str, month: str, now: datetime) -> None:
    cap = store.row(
        "SELECT * FROM spend_caps WHERE project = ? AND state = ?", project, spend_caps.CONFIGURED
    )
    if cap is None or _spent(store, project, month) < cap["amount"]:
        return  # lifted, deleted or raised meanwhile, or a new month
    budgets.set_cap_state(store, cap["account"], cap["budget"], spend_caps.ENFORCED)
    mails.send(
        store,
        now,
        [*recipients.billing_people(store, cap["account"]), *recipients.owners(store, project)],
        "The spend cap of a project is reached: the Gemini API is paused",
        {"kind": "spendCap", "project": project, "budget": cap["budget"]},
    )


def _pause_account(store: Store, account: str, month: str, now: datetime) -> None:
    if not _reaches_tier_cap(store, account, month):
        return
    stops.stop(store, account, stops.TIER, next_month(now).timestamp())
    mails.send(
        store,
        now,
        recipients.billing_people(store, account),
        "The monthly cap of the billing account's usage tier is reached: the Gemini API is paused in all its projects",
        {"kind": "tierCap", "account": account, "tier": billing.require(store, account).tier},
    )


def after_tier_change(store: Store, account: str, now: datetime) -> None:
    """A tier that has more room lets its projects go on."""
    if not _reaches_tier_cap(store, account, day_of(now).isoformat()[:7]):
        stops.lift(store, account, stops.TIER)
        store.run("DELETE FROM billing_pending WHERE kind = ? AND subject = ?", _TIER, account)
