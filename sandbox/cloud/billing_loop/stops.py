"""What stops the Gemini API in a project besides its limits: its spend cap, and what stops its billing account.

Kept as two small tables, which every call asks: spend caps as the budgets have them, and the stops of accounts.
"""

from datetime import UTC, datetime
from typing import Final

from sandbox.cloud.billing_loop.money import ONE
from sandbox.cloud.core.errors import CloudError, JsonObject, help_link
from sandbox.cloud.core.store import Row, Store
from sandbox.cloud.core.times import rfc3339

SCHEMA: Final = """
CREATE TABLE spend_caps (
    project TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    budget TEXT NOT NULL,
    amount INTEGER NOT NULL,
    state TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE account_stops (
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (account, kind)
) WITHOUT ROWID;
"""
TIER: Final = "tier"
RATE: Final = "rate"
PREPAID: Final = "prepaid"
FOREVER: Final = 2**62
GEMINI: Final = "services/AEFD-7695-64FA"
_BILLING: Final = help_link("Learn more about billing", "https://ai.google.dev/gemini-api/docs/billing")


def refusal(store: Store, project_number: str, now: datetime) -> CloudError | None:
    """Google's refusal of a call that would be billed; None if it may go on."""
    found = store.rows(
        "SELECT 'cap' AS kind, 0 AS until FROM spend_caps WHERE project = ?1 AND state = 'ENFORCED' "
        "AND EXISTS (SELECT 1 FROM billing_links WHERE project_number = ?1) "
        "UNION ALL SELECT s.kind, s.until FROM billing_links l JOIN account_stops s ON s.account = l.account_id "
        "WHERE l.project_number = ?1 AND s.until > ?2",
        project_number,
        now.timestamp(),
    )
    return _refusal(found[0], now) if found else None


def _refusal(stop: Row, now: datetime) -> CloudError:
    # Google's texts for a cap and for depleted credits are known; none of them names a quota.
    if stop["kind"] == PREPAID:
        message = (
            "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage "
            "your project and billing."
        )
        return CloudError("RESOURCE_EXHAUSTED", message, [_BILLING], code=402)
    if stop["kind"] == RATE:
        wait = max(int(stop["until"] - now.timestamp()), 1)
        message = (
            "Your billing account has exceeded the spend rate of its usage tier for 10 minutes. "
            f"Please retry in {wait}s."
        )
        retry: JsonObject = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{wait}s"}
        return CloudError("RESOURCE_EXHAUSTED", message, [_BILLING, retry])
    owner = "project" if stop["kind"] == "cap" else "billing account"
    what = "its" if owner == "project" else "its usage tier's"
    message = (
        f"Your {owner} has exceeded {what} monthly spending cap. Please go to AI Studio at "
        "https://ai.studio/spend to manage your spend cap."
    )
    return CloudError("RESOURCE_EXHAUSTED", message, [_BILLING])


def read_caps(store: Store) -> None:
    """Read the spend caps on the Gemini API from the budgets, after one has changed."""
    store.run("DELETE FROM spend_caps")
    store.run(
        "INSERT OR REPLACE INTO spend_caps "
        "SELECT substr(json_extract(body, '$.budgetFilter.projects[0]'), 10), account_id, id, "
        "ifnull(json_extract(body, '$.amount.specifiedAmount.units'), 0) * ?1 "
        "+ ifnull(json_extract(body, '$.amount.specifiedAmount.nanos'), 0) * ?2, "
        "json_extract(body, '$.spendCap.outputState') FROM budgets "
        "WHERE json_extract(body, '$.spendCap') IS NOT NULL "
        "AND json_extract(body, '$.budgetFilter.services[0]') = ?3",
        ONE,
        ONE // 10**9,
        GEMINI,
    )


def stop(store: Store, account: str, kind: str, until: float) -> None:
    """Stop all projects of an account until a time (seconds since 1970)."""
    store.run("INSERT OR REPLACE INTO account_stops VALUES (?, ?, ?)", account, kind, int(until))


def lift(store: Store, account: str, kind: str) -> None:
    """End a stop of an account."""
    store.run("DELETE FROM account_stops WHERE account = ? AND kind = ?", account, kind)


def end_by(store: Store, kind: str, moment: datetime) -> None:
    """Let no stop of a kind last longer than that."""
    store.run("UPDATE account_stops SET until = min(until, ?) WHERE kind = ?", int(moment.timestamp()), kind)


def shown(store: Store, account: str) -> list[JsonObject]:
    """The stops of an account, for the control surface; those that are over too."""
    rows = store.rows("SELECT kind, until FROM account_stops WHERE account = ? ORDER BY kind", account)
    return [{"kind": row["kind"], "until": _until(row["until"])} for row in rows]


def _until(seconds: int) -> str | None:
    return rfc3339(datetime.fromtimestamp(seconds, UTC)) if seconds != FOREVER else None


def of_account(store: Store, account: str, kind: str, now: datetime) -> bool:
    """Whether an account is stopped."""
    row = store.row(
        "SELECT 1 FROM account_stops WHERE account = ? AND kind = ? AND until > ?",
        account,
        kind,
        now.timestamp(),
    )
    return row is not None
