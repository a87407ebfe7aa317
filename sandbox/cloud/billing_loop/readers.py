"""What the control surface shows of costs."""

from typing import Any

from sandbox.cloud.billing_loop import stops, tiers
from sandbox.cloud.billing_loop.money import shown
from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudbilling.skus import description
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.store import Store

_LINES = (
    "SELECT account, project, day, sku, units, amount, 1 AS billed FROM billing_costs UNION ALL "
    "SELECT account, project, day, sku, sum(units), sum(amount), 0 FROM billing_unbilled "
    "GROUP BY account, project, day, sku ORDER BY project, account, day, sku, billed"
)


def costs(store: Store) -> dict[str, Any]:
    """What projects have used: `notBilled` yet and `billed`, by Pacific day and SKU, in the currency of the account."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    totals: dict[tuple[str, str], list[int]] = {}
    for row in store.rows(_LINES):
        key = row["project"], row["account"]
        if key not in found:
            project, account = projects.find(store, row["project"]), billing.require(store, row["account"])
            found[key] = {
                "project": project.project_id if project is not None else "",
                "number": row["project"],
                "billingAccount": f"billingAccounts/{account.id}",
                "currency": account.currency,
                "lines": [],
            }
            totals[key] = [0, 0]
        totals[key][row["billed"]] += row["amount"]
        found[key]["lines"].append(
            {
                "day": row["day"],
                "sku": row["sku"],
                "description": description(row["sku"]),
                "units": row["units"],
                "amount": shown(row["amount"]),
                "billed": bool(row["billed"]),
            }
        )
    for key, (waiting, billed) in totals.items():
        found[key] |= {"notBilled": shown(waiting), "billed": shown(billed)}
    return {"projects": list(found.values()), "accounts": _accounts(store)}


def _accounts(store: Store) -> list[dict[str, Any]]:
    return [
        {
            "name": f"billingAccounts/{account.id}",
            "tier": account.tier,
            "paidUsd": f"{tiers.paid(store, account.id):f}",
            "stops": stops.shown(store, account.id),
        }
        for account in billing.all_accounts(store)
    ]
