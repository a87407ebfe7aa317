"""The tier of a billing account moves up by what it has paid and for how long; down it moves by hand alone.

A cost counts as paid when it is billed. After a tier was set by hand (`PATCH /_local/billingAccounts/X`), money and
days count anew.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from sandbox.cloud.billing_loop import caps
from sandbox.cloud.billing_loop.money import ONE, kept, rate
from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.core.store import Store

SCHEMA: Final = """
CREATE TABLE billing_paid (account TEXT PRIMARY KEY, since INTEGER NOT NULL, usd INTEGER NOT NULL) WITHOUT ROWID;
"""
#: Tier → the US dollars and the time since the first payment that qualify for the next.
_NEEDS: Final = {1: (kept(100), timedelta(days=3)), 2: (kept(1_000), timedelta(days=30))}


def pay(store: Store, account: str, amount: int, now: datetime) -> None:
    """Count a cost that was billed, in the account's currency."""
    usd = int(Decimal(amount) / rate(billing.require(store, account).currency))
    if usd:
        store.run(
            "INSERT INTO billing_paid VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET usd = usd + excluded.usd",
            *(account, now.timestamp(), usd),
        )


def move_up(store: Store, account: str, now: datetime) -> None:
    """Give an account the tier that it qualifies for."""
    tier = billing.require(store, account).tier
    row = store.row("SELECT since, usd FROM billing_paid WHERE account = ?", account)
    if row is None or tier not in _NEEDS:
        return
    money, time = _NEEDS[tier]
    if row["usd"] >= money and now - datetime.fromtimestamp(row["since"], UTC) >= time:
        billing.set_local_state(store, account, {"tier": tier + 1})
        caps.after_tier_change(store, account, now)


def set_by_hand(store: Store, account: str, now: datetime) -> None:
    """Begin anew after a change by hand."""
    store.run("DELETE FROM billing_paid WHERE account = ?", account)
    caps.after_tier_change(store, account, now)


def paid(store: Store, account: str) -> Decimal:
    """The US dollars that count for the next tier."""
    usd = store.value("SELECT usd FROM billing_paid WHERE account = ?", account)
    return Decimal(usd or 0) / ONE
