"""Projects of a stack as of its last update, from the output of `pulumi stack export`. Secrets stay encrypted.

Source: apitype.DeploymentV3 of github.com/pulumi/pulumi/sdk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from landing_zone.exported_state import name_of, owner_of, resources_of, time_of
from landing_zone.gemini.limits import DENY, LIMIT_NAMES, OTHERS, Limits, WantedLimits
from landing_zone.gemini.quotas import BY_METRIC, LimitName

Json = Mapping[str, Any]

_OURS: Final = "gemini-landing-zone:index:"
_PROJECT: Final = "gcp:organizations/project:Project"
_LINK: Final = "gcp:billing/projectInfo:ProjectInfo"
_KEY: Final = "gcp:projects/apiKey:ApiKey"
_BUDGET: Final = "gcp:billing/budget:Budget"
_OVERRIDE: Final = "gcp:serviceusage/consumerQuotaOverride:ConsumerQuotaOverride"
_PREFERENCE: Final = "gcp:cloudquota/sQuotaPreference:SQuotaPreference"


@dataclass(frozen=True)
class AppliedKey:
    """An API key."""

    id: str
    """`projects/ID/locations/global/keys/KEYID`."""
    restrictions: Json
    """In the form of the API Keys API."""
    service_account: str = ""
    uid: str = ""
    """`apikey:UID` is the key's `credential_id` in Cloud Monitoring."""


@dataclass(frozen=True)
class AppliedBudget:
    """A budget, or a spend cap."""

    id: str
    """`billingAccounts/ID/budgets/UUID`."""
    amount: str | None
    """A decimal number; None: the cost of the last period."""
    currency: str
    period: str = ""
    """`month`, `quarter` or `year`; empty for a range of days."""
    counts: tuple[str, ...] = ()
    """Numbers of the projects that it counts."""
    state: str = ""
    """Of a spend cap: `CONFIGURED`, `ENFORCED` or `AWAITING_NEXT_PERIOD`."""
    lifted: bool = False
    """True if the stack lifts the cap."""


@dataclass(frozen=True)
class AppliedQuota:
    """A quota override or a quota preference under `quotas`."""

    service: str
    metric: str
    """Metric of an override; empty for a preference."""
    limit: str
    model: str
    value: int
    preference: str = ""
    """`projects/ID/locations/global/quotaPreferences/NAME`; empty for an override."""
    granted: str = ""
    """Value that Google granted to a preference."""


@dataclass
class AppliedProject:
    """A project of the stack."""

    name: str
    """Name in the stack file."""
    project_id: str = ""
    number: str = ""
    account: str = ""
    """The billing account's id; empty on the free tier."""
    tier: str = ""
    """Tier that Google applied: `free`, `1`, `2`, `3`; empty if it was not read."""
    keys: dict[str, AppliedKey] = field(default_factory=dict)
    limits: dict[str, dict[LimitName, int]] = field(default_factory=dict)
    """Limits by the model's id in the API; `others` for all others."""
    wanted: WantedLimits = field(default_factory=lambda: WantedLimits({}, None))
    """The same limits by the names of the quotas."""
    elsewhere: frozenset[tuple[str, str]] = frozenset()
    """Metric with limit, and model, of the overrides under `quotas`."""
    left_open: frozenset[str] = frozenset()
    """Limits, by metric and limit, that Google does not allow to change."""
    guard: tuple[str, str] | None = None
    """Bucket and number of the guard's record of the project; None: it has no guard."""
    created: datetime | None = None
    """When the first of its resources came into the state."""
    quotas: dict[str, AppliedQuota] = field(default_factory=dict)
    budget: AppliedBudget | None = None
    cap: AppliedBudget | None = None


@dataclass(frozen=True)
class AppliedStack:
    """A stack as of its last update."""

    projects: Mapping[str, AppliedProject]
    shared_budgets: Mapping[str, AppliedBudget]
    secrets_provider: Json
    """`type` (`passphrase`, `cloud`, `service`) and `state`."""
    worst_month: str = ""
    """The most that a month could cost, in words, such as `7,471.35 USD`; empty if no update has printed it."""
    bound_by: str = ""
    """What bounds it, in words."""


def parse(export: Json) -> AppliedStack:
    """Parse the output of `pulumi stack export`. A stack without updates has no projects."""
    # Resources marked `delete` have been replaced and wait for deletion.
    resources = [each for each in resources_of(export) if not each.get("delete")]
    parents = {each["urn"]: each.get("parent", "") for each in resources}
    projects: dict[str, AppliedProject] = {}
    shared: dict[str, AppliedBudget] = {}
    roster: Json = next((each for each in resources if each["type"] == f"{_OURS}Roster"), {})
    month: Json = roster.get("inputs") or {}
    # The order in the state depends on timing.
    resources.sort(key=lambda each: name_of(each["urn"]))
    for each in resources:
        if each["type"] == f"{_OURS}GeminiProject":
            projects[name_of(each["urn"])] = AppliedProject(name_of(each["urn"]))
    for each in resources:
        owner = owner_of(each["urn"], parents)
        if owner in projects:
            made = time_of(each, "created")
            projects[owner].created = min(filter(None, [projects[owner].created, made]), default=None)
            _add(projects[owner], each)
        elif each["type"] == _BUDGET:
            shared[name_of(each["urn"]).removeprefix("shared-")] = _budget(each)
    # A project that could not be created is in the state without its resource.
    found = {name: project for name, project in projects.items() if project.project_id}
    return AppliedStack(
        found,
        shared,
        (export.get("deployment") or {}).get("secrets_providers") or {},
        month.get("worstMonth") or "",
        month.get("boundBy") or "",
    )


def _add(project: AppliedProject, resource: Json) -> None:
    kind, name = resource["type"], name_of(resource["urn"])
    inputs, outputs = resource.get("inputs") or {}, resource.get("outputs") or {}
    own = name.removeprefix(f"{project.name}--")
    if kind == _PROJECT:
        project.project_id = resource["id"].removeprefix("projects/")
        project.number = str(outputs.get("number", ""))
        project.account = project.account or inputs.get("billingAccount") or ""
    elif kind == _LINK:
        project.account = inputs.get("billingAccount") or ""
    elif kind == _KEY:
        project.keys[own] = AppliedKey(
            resource["id"],
            _plain(inputs.get("restrictions") or {}),
            inputs.get("serviceAccountEmail") or "",
            outputs.get("uid") or "",
        )
    elif kind == f"{_OURS}ProjectLimits":
        _add_limits(project, outputs.get("applied") or inputs, outputs)
        if guard := inputs.get("guard"):
            project.guard = (guard["bucket"], str(guard["number"]))
    elif kind == f"{_OURS}TierCheck":
        project.tier = outputs.get("tier", "")
    elif kind == f"{_OURS}SpendCap":
        project.cap = AppliedBudget(
            resource["id"],
            inputs.get("amount"),
            outputs.get("currency") or "",
            "month",
            state=outputs.get("outputState", ""),
            lifted=inputs.get("inputState") == "AWAITING_NEXT_PERIOD",
        )
    elif kind == _BUDGET:
        project.budget = _budget(resource)
    elif kind == _OVERRIDE:
        project.quotas[own] = AppliedQuota(
            inputs.get("service", ""),
            unquote(inputs.get("metric", "")),
            unquote(inputs.get("limit", "")),
            (inputs.get("dimensions") or {}).get("model", ""),
            int(inputs["overrideValue"]),
        )
    elif kind == _PREFERENCE:
        config = outputs.get("quotaConfig") or {}
        project.quotas[own] = AppliedQuota(
            inputs.get("service", ""),
            "",
            inputs.get("quotaId", ""),
            (inputs.get("dimensions") or {}).get("model", ""),
            int((inputs.get("quotaConfig") or {})["preferredValue"]),
            resource["id"],
            str(config.get("grantedValue") or ""),
        )


def _add_limits(project: AppliedProject, applied: Json, outputs: Json) -> None:
    found = {model: _numbers(own) for model, own in (applied.get("limits") or {}).items()}
    if applied.get("others") is not None:
        found[OTHERS] = _numbers(applied["others"])
    project.limits = found
    elsewhere = applied.get("elsewhere") or ()
    project.elsewhere = frozenset(
        (f"{each['metric']}{each['limit']}", each.get("model", "")) for each in elsewhere
    )
    project.left_open = frozenset(outputs.get("leftOpen") or ())
    opened = {
        each["model"]
        for each in elsewhere
        if each.get("model")
        and BY_METRIC.get((each["metric"], each["limit"]), ("",))[0] == "requestsPerMinute"
    }
    limits = {model: Limits.of(own) for model, own in found.items()}
    project.wanted = WantedLimits.of(limits, frozenset(opened))


def _numbers(own: Any) -> dict[LimitName, int]:
    return (
        {"requestsPerMinute": 0}
        if own == DENY
        else {name: int(own[name]) for name in LIMIT_NAMES if name in own}
    )


def _budget(resource: Json) -> AppliedBudget:
    inputs = resource["inputs"]
    money = (inputs.get("amount") or {}).get("specifiedAmount")
    # Units and nanos are separate: together they may have more digits than a double.
    amount = money and f"{money.get('units') or 0}.{int(money.get('nanos') or 0):09}"
    part = inputs.get("budgetFilter") or {}
    return AppliedBudget(
        resource["id"],
        amount,
        (money or {}).get("currencyCode") or "",
        (part.get("calendarPeriod") or "").lower(),
        tuple(each.removeprefix("projects/") for each in part.get("projects") or ()),
    )


def _plain(value: Any) -> Any:
    """Inputs without the markers of Pulumi's bridge."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if name != "__defaults"}
    return [_plain(each) for each in value] if isinstance(value, list) else value
