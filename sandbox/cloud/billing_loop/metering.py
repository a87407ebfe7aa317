"""Use becomes money: each finished minute of use is priced by SKU, and is a cost when Google's lag is over.

A project pays by the account that it is linked to; what it used before it was unlinked is that account's too. The free
tier costs nothing. Searches are free up to an allotment of the project.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from sandbox.cloud.billing_loop import assumptions
from sandbox.cloud.billing_loop.money import rate
from sandbox.cloud.billing_loop.periods import day_of
from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudbilling.catalogue import SEARCH, STORAGE
from sandbox.cloud.core import local_state
from sandbox.cloud.core.store import Store
from sandbox.cloud.generativelanguage import usage
from sandbox.cloud.generativelanguage.usage import Usage

if TYPE_CHECKING:
    from sandbox.cloud.cloudbilling.price_list import Rate

SCHEMA: Final = """
CREATE TABLE billing_unbilled (
    project TEXT NOT NULL,
    hour INTEGER NOT NULL,
    sku TEXT NOT NULL,
    account TEXT NOT NULL,
    day TEXT NOT NULL,
    units INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    due INTEGER NOT NULL,
    PRIMARY KEY (project, hour, sku, account)
) WITHOUT ROWID;
CREATE INDEX billing_unbilled_due ON billing_unbilled (account, due);
CREATE TABLE billing_costs (
    account TEXT NOT NULL,
    project TEXT NOT NULL,
    day TEXT NOT NULL,
    sku TEXT NOT NULL,
    units INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (account, project, day, sku)
) WITHOUT ROWID;
CREATE TABLE billing_months (
    account TEXT NOT NULL,
    month TEXT NOT NULL,
    project TEXT NOT NULL,
    amount INTEGER NOT NULL,
    usd INTEGER NOT NULL,
    PRIMARY KEY (account, month, project)
) WITHOUT ROWID;
CREATE TABLE billing_minutes (
    account TEXT NOT NULL, minute INTEGER NOT NULL, usd INTEGER NOT NULL, PRIMARY KEY (account, minute)
) WITHOUT ROWID;
CREATE TABLE billing_searches (
    project TEXT NOT NULL, pool TEXT NOT NULL, period TEXT NOT NULL, used INTEGER NOT NULL,
    PRIMARY KEY (project, pool, period)
) WITHOUT ROWID;
"""
_WATERMARK: Final = "metered"
_HOUR: Final = timedelta(hours=1)
#: A price of a million is so many of the kept money for one.
_OF_ONE: Final = 1_000_000
_SECONDS_AN_HOUR: Final = 3600
_BY_MODALITY: Final = {"TEXT": "", "DOCUMENT": "", "AUDIO": "_audio", "IMAGE": "_image", "VIDEO": "_video"}


class Metered(NamedTuple):
    """A project whose use was metered: its account, and the Pacific month."""

    account: str
    project: str
    month: str


class _Line(NamedTuple):
    rate: "Rate"
    units: int


def next_minute(store: Store) -> datetime | None:
    """When the next use that is not metered yet is over."""
    return usage.next_over(store, _watermark(store))


def meter(store: Store, now: datetime) -> list[Metered]:
    """Price the use of all minutes that are over; returns whose it was."""
    after = _watermark(store)
    until = now.replace(second=0, microsecond=0)
    if until <= after:
        return []
    found: dict[Metered, None] = {}
    lags = assumptions.get(store).cost_hours
    for project in usage.users_between(store, after, until):
        account = _account(store, project)
        if account is None:
            continue
        convert = rate(account.currency)
        hours: dict[tuple[datetime, str], list[int]] = defaultdict(lambda: [0, 0])
        minutes: dict[int, int] = defaultdict(int)
        for used in usage.between(store, project, after, until, this_era=True):
            hour = used.at.replace(minute=0)
            for line in _lines(store, project, used):
                usd = int((line.units * line.rate.per_million * _factor(line.rate)).to_integral_value())
                total = hours[hour, line.rate.sku]
                total[0] += line.units
                total[1] += usd
                minutes[int(used.at.timestamp())] += usd
        for (hour, sku), (units, usd) in hours.items():
            amount = int((usd * convert).to_integral_value())
            month = _add(store, account.id, project, hour, sku, (units, amount, usd), lags)
            found[Metered(account.id, project, month)] = None
        for minute, usd in minutes.items():
            store.run(
                "INSERT INTO billing_minutes VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET usd = usd + excluded.usd",
                account.id,
                minute,
                usd,
            )
    local_state.put(store, _WATERMARK, until.timestamp())
    return list(found)


def set_back(store: Store, now: datetime, by: timedelta) -> None:
    """The clock is set back: what was used until then is priced first, and what comes is priced again."""
    meter(store, now + by + timedelta(minutes=1))
    usage.begin_era(store)
    local_state.put(store, _WATERMARK, now.replace(second=0, microsecond=0).timestamp())
    store.run("UPDATE billing_unbilled SET due = due - ?", int(by.total_seconds()))
    store.run("DELETE FROM billing_minutes WHERE minute >= ?", int(now.timestamp()) // 60 * 60)


def _watermark(store: Store) -> datetime:
    return datetime.fromtimestamp(local_state.get(store, _WATERMARK, 0.0), UTC)


def _account(store: Store, project: str) -> billing.Account | None:
    return billing.account_of(store, project) or billing.former_account_of(store, project)


def _factor(rate: "Rate") -> Decimal:
    return Decimal(_OF_ONE) / _SECONDS_AN_HOUR if rate.kind == STORAGE else Decimal(_OF_ONE)


def _add(
    store: Store,
    account: str,
    project: str,
    hour: datetime,
    sku: str,
    used: tuple[int, int, int],
    lags: tuple[float, float],
) -> str:
    units, amount, usd = used
    day = day_of(hour)
    late = assumptions.lag(store, lags, _HOUR, "cost", project, hour.isoformat())
    store.run(
        "INSERT INTO billing_unbilled VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "units = units + excluded.units, amount = amount + excluded.amount",
        project,
        int(hour.timestamp()),
        sku,
        account,
        day.isoformat(),
        units,
        amount,
        int((hour + _HOUR + late).timestamp()),
    )
    month = day.isoformat()[:7]
    store.run(
        "INSERT INTO billing_months VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "amount = amount + excluded.amount, usd = usd + excluded.usd",
        *(account, month, project, amount, usd),
    )
    return month


def _lines(store: Store, project: str, used: Usage) -> Iterator[_Line]:
    """What is charged of a minute of a model."""
    if not used.tier:
        return
    from sandbox.cloud.cloudbilling.price_list import rate_of  # not at the top, see there

    day = day_of(used.at)
    counts: dict[str, int] = defaultdict(int)
    for modality, tokens in used.input.items():
        held = used.cached.get(modality, 0)
        counts[f"input{_BY_MODALITY[modality]}"] += tokens - held
        # Only audio has a price of its own in a cache.
        counts[f"cached_input{'_audio' if modality == 'AUDIO' else ''}"] += held
    for modality, tokens in used.output.items():
        counts[f"output{_BY_MODALITY[modality]}"] += tokens
    counts[STORAGE] += used.cache_token_seconds
    if used.searches:
        counts[SEARCH] += _charged_searches(store, project, used.model, day, used.searches)
    for kind, units in counts.items():
        price = rate_of(used.model, kind, day, used.processing, used.context) if units else None
        if price is not None:
            yield _Line(price, units)


def _charged_searches(store: Store, project: str, model: str, day: date, searches: int) -> int:
    """The searches beyond the allotment: of Gemini 2.x a day's, by model family; of newer ones a month's together."""
    if model.startswith("gemini-2."):
        pool, period, free = ("2-pro" if "-pro" in model else "2-flash"), day.isoformat(), 1_500
    else:
        pool, period, free = "3", day.isoformat()[:7], 5_000
    used: int = store.value(
        "INSERT INTO billing_searches VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET used = used + excluded.used "
        "RETURNING used",
        *(project, pool, period, searches),
    )
    return max(0, used - max(free, used - searches))


def bill(store: Store, account: str, now: datetime) -> dict[str, int]:
    """Turn the use of an account whose lag is over into costs; returns what each project's costs grew by."""
    grown: dict[str, int] = defaultdict(int)
    rows = store.rows(
        "SELECT project, day, sku, sum(units) AS units, sum(amount) AS amount FROM billing_unbilled "
        "WHERE account = ? AND due <= ? GROUP BY project, day, sku",
        *(account, now.timestamp()),
    )
    for row in rows:
        store.run(
            "INSERT INTO billing_costs VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "units = units + excluded.units, amount = amount + excluded.amount",
            *(account, row["project"], row["day"], row["sku"], row["units"], row["amount"]),
        )
        grown[row["project"]] += row["amount"]
    if rows:
        store.run("DELETE FROM billing_unbilled WHERE account = ? AND due <= ?", account, now.timestamp())
    return grown


def spent_in_minutes(store: Store, account: str, after: datetime) -> list[tuple[int, int]]:
    """The minutes since a time with what was spent in each (US dollars), oldest first; older ones are forgotten."""
    since = after.timestamp()
    store.run("DELETE FROM billing_minutes WHERE account = ? AND minute < ?", account, since)
    rows = store.rows("SELECT minute, usd FROM billing_minutes WHERE account = ? ORDER BY minute", account)
    return [(row["minute"], row["usd"]) for row in rows]
