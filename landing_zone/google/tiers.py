"""The tier whose quotas are in force for a project: Google moves a billing account up by itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from landing_zone.gemini import GEMINI_API
from landing_zone.google.rest import Google, Json

FREE: Final = "free"
UNREADABLE: Final = "unknown"
#: Quota id of the requests per minute → tier. The tier in force is the one whose quota has values.
#: Source: quota ids in 429 responses, as of 2026-11.
_QUOTAS: Final[Mapping[str, str]] = {
    "GenerateRequestsPerMinutePerProjectPerModel-FreeTier": FREE,
    "GenerateRequestsPerMinutePerProjectPerModel": "1",
    "GenerateRequestsPerMinutePerProjectPerModel-PaidTier2": "2",
    "GenerateRequestsPerMinutePerProjectPerModel-PaidTier3": "3",
}


@dataclass(frozen=True)
class FoundTier:
    """The tier that Google applies to a project."""

    tier: str
    """`free`, `1`, `2`, `3`; `unknown` if Google shows no quota of a tier."""
    billing_enabled: bool
    """True if the project is linked to an open billing account."""

    @property
    def is_paid(self) -> bool:
        """True if paid limits are in force."""
        return self.tier in ("1", "2", "3")


@dataclass(frozen=True)
class Link:
    """A project's billing link."""

    account: str
    """The billing account's id; empty without a link."""
    enabled: bool
    """True if the account is open."""


def link_of(google: Google, project: str) -> Link:
    """The billing link of a project (id or number). Raises as `Google.call`."""
    found = google.call("cloudbilling", "GET", f"projects/{project}/billingInfo", project=project)
    account = found.get("billingAccountName", "").removeprefix("billingAccounts/")
    return Link(account, bool(found.get("billingEnabled")))


def set_link(google: Google, project: str, account: str) -> None:
    """Link a project (id) to a billing account (id), or to none if that is empty. Raises as `Google.call`."""
    google.call(
        "cloudbilling",
        "PUT",
        f"projects/{project}/billingInfo",
        body={"billingAccountName": f"billingAccounts/{account}" if account else ""},
        project=project,
    )


def find(google: Google, project: str, link: Link | None = None) -> FoundTier:
    """The tier of a project (id or number), from Cloud Quotas' quotaInfos and its billing link.

    `link`: read already. Raises as `Google.call`.
    """
    linked = (link or link_of(google, project)).enabled
    return FoundTier(tier_of(google, project, linked), linked)


def tier_of(google: Google, project: str, linked: bool) -> str:
    """`free`, `1`, `2`, `3` or `unknown`; `linked`: the project is linked to an open billing account.

    Raises as `Google.call`.
    """
    return tier_in(quota_infos(google, project), linked=linked)


def quota_infos(google: Google, project: str) -> list[Json]:
    """Cloud Quotas' infos of the Gemini API in a project (id or number). Raises as `Google.call`."""
    path = f"projects/{project}/locations/global/services/{GEMINI_API}/quotaInfos"
    return list(
        google.list_all("cloudquotas", path, "quotaInfos", query={"pageSize": "1000"}, project=project)
    )


def tier_in(infos: Iterable[Mapping[str, Any]], *, linked: bool) -> str:
    """The tier that a listing of `quota_infos` shows, as `tier_of`."""
    in_force = {
        _QUOTAS[info["quotaId"]] for info in infos if info["quotaId"] in _QUOTAS and _has_values(info)
    }
    # If several paid tiers have values, the lowest is in force: Google shows the higher ones ahead of time.
    paid = sorted(in_force - {FREE})
    return paid[0] if paid and linked else FREE if FREE in in_force else UNREADABLE


def _has_values(info: Mapping[str, Any]) -> bool:
    values = [entry.get("details", {}).get("value", "0") for entry in info.get("dimensionsInfos", [])]
    return any(value != "0" for value in values)
