"""Rules between settings, checked on the merged values before the types, so that all mistakes are reported at once."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.limits import DENY
from landing_zone.gemini.models import QUOTA_NAMES, RECORDS, counter_of
from landing_zone.gemini.quotas import BY_METRIC, BY_QUOTA_ID
from landing_zone.pricing.model_ids import limited_as, served
from landing_zone.settings.alerting import AlertSettings
from landing_zone.settings.base import known_keys
from landing_zone.settings.examples import example_of
from landing_zone.settings.markers import Mark, marked
from landing_zone.settings.problems import Path, Problem, nearest
from landing_zone.settings.relations_budgets import budget_problems, whole_amount
from landing_zone.settings.relations_guard import guard_problems
from landing_zone.settings.relations_identity import identity_problems
from landing_zone.settings.relations_keys import account_problems, key_problems
from landing_zone.settings.types import DERIVE, OTHERS, QuotaSettings
from landing_zone.settings.values import items, repeated, value

_ALERTS: Final = [
    key for key in known_keys(AlertSettings) if key not in marked(AlertSettings, Mark.RECIPIENT)
]
_OF_PREFERENCES: Final = marked(QuotaSettings, Mark.PREFERENCE)
_POLICY: Final = re.compile(r"projects/[a-z0-9.:-]+/alertPolicies/[0-9]+")
_Found = Iterator[Problem]


def project_problems(own: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    """Mistakes within one project: `own` is what it says itself, `merged` what holds. Paths start at the project."""
    for check in _CHECKS:
        yield from check(own, merged)


def environment_problems(projects: Mapping[str, Mapping[str, Any]]) -> _Found:
    """Mistakes between projects. Paths start at the project's name."""
    by_id: defaultdict[str, list[str]] = defaultdict(list)
    for name, merged in projects.items():
        if isinstance(merged.get("projectId"), str):
            by_id[merged["projectId"]].append(name)
    for project_id, (first, *others) in by_id.items():
        for name in others:
            yield Problem(
                (name, "projectId"),
                f"{project_id!r} is the id of project {first!r} as well",
                f"give each project an id of its own, such as projectId: {project_id[:25]}-2",
            )
    yield from _aliases(projects)
    yield from account_problems(projects)


def _aliases(projects: Mapping[str, Mapping[str, Any]]) -> _Found:
    """Former names that are in use, or that two projects claim."""
    claimed: dict[str, str] = {}
    for name, merged in projects.items():
        for position, alias in enumerate(items(merged, "aliases")):
            path = (name, "aliases", position)
            if not isinstance(alias, str):
                continue  # its type is checked with the others
            if alias in projects:
                yield Problem(
                    path,
                    f"{alias!r} is a project of this file: a former name is nobody's now",
                    f"leave {alias} out of aliases, or rename the project {alias}",
                )
            elif (other := claimed.setdefault(alias, name)) != name:
                yield Problem(
                    path, f"{alias!r} is a former name of {other!r} as well", "keep it at one of the two"
                )
        yield from (
            replace(problem, path=(name, *problem.path))
            for problem in repeated(("aliases",), items(merged, "aliases"))
        )


def _tier(own: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    if merged.get("tier") == "free" and own.get("billingAccount") is not None:
        yield Problem(
            ("billingAccount",),
            "a free project has no billing account: a link to one makes it paid",
            "write tier: paid, or leave billingAccount out",
        )
    if merged.get("tier") == "paid":
        if merged.get("billingAccount") is None:
            yield Problem(
                ("billingAccount",),
                "a paid project needs a billing account",
                "write billingAccount: 01A2B3-C4D5E6-F7A8B9 here or for the whole environment",
            )
        budget = merged.get("budget")
        if budget is None or (budget is False and merged.get("adopt") is not True):
            yield Problem(
                ("budget",),
                "a paid project needs a budget",
                "write budget: {amount: 100, currency: USD}, here or in defaults",
            )


def _budget(_: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    budget = merged.get("budget")
    if not isinstance(budget, Mapping):
        return
    emails = items(merged, "alerts", "email")
    for problem in budget_problems(budget, emails, ("alerts", "email")):
        inside = problem.path[:1] != ("alerts",)
        yield replace(problem, path=("budget", *problem.path)) if inside else problem
    overshoot = ("limits", DERIVE, "maxOvershoot")
    yield from whole_amount(budget.get("currency"), value(merged, *overshoot), overshoot)


def _alerts(own: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    notified = items(merged, "alerts", "email") or items(merged, "alerts", "channels")
    for key in _ALERTS:
        if key == "policies":
            continue  # each may have channels of its own
        if not notified and value(own, "alerts", key):
            yield Problem(
                ("alerts", key), "this alert notifies nobody", "write email: [oncall@example.com] beside it"
            )
    yield from repeated(("alerts", "email"), items(merged, "alerts", "email"))
    yield from repeated(("alerts", "channels"), items(merged, "alerts", "channels"))
    if value(merged, "alerts", "spendRate") and value(merged, "budget", "amount") is None:
        yield Problem(
            ("alerts", "spendRate"),
            "there is no amount to compare the pace with",
            "write budget: {amount: 1200.50, currency: USD}, or leave spendRate out",
        )
    policies = value(merged, "alerts", "policies")
    for name, policy in policies.items() if isinstance(policies, Mapping) else ():
        if isinstance(policy, Mapping):
            yield from _policy(("alerts", "policies", str(name)), policy, bool(notified))


def _policy(at: Path, policy: Mapping[str, Any], notified: bool) -> _Found:
    existing = policy.get("existing")
    if not policy.get("conditions"):
        yield Problem(
            at,
            "an alert policy without conditions",
            "write conditions: [{displayName: …, conditionThreshold: {…}}], as in Cloud Monitoring's API",
        )
    if existing is None and not notified and not policy.get("notificationChannels"):
        yield Problem(
            at,
            "this alert notifies nobody",
            "write email: [oncall@example.com] beside policies, or notificationChannels here",
        )
    if existing is not None and not (isinstance(existing, str) and _POLICY.fullmatch(existing)):
        yield Problem(
            (*at, "existing"),
            f"{existing!r} is not the name of an alert policy",
            "write it as `gcloud monitoring policies list` shows it: projects/acme-chat-prod/alertPolicies/1234567890",
        )


def _limits(_: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    limits = merged.get("limits")
    quotas: dict[str, str] = {}
    if not isinstance(limits, Mapping):
        return
    for model, limit in limits.items():
        path = ("limits", str(model))
        if model == DERIVE:
            continue
        if model == OTHERS:
            yield from _others(limits) if DERIVE not in limits else ()
        elif model not in QUOTA_NAMES:
            near = nearest(str(model), [*served(QUOTA_NAMES), OTHERS, DERIVE])
            yield Problem(
                path,
                f"no limit can be set on {model}, which Google counts otherwise"
                if model in RECORDS
                else f"unknown model {str(model)!r}",
                f"did you mean {near!r}?"
                if near
                else f"write one of: {', '.join(sorted(served(QUOTA_NAMES)))}",
            )
        elif (other := quotas.setdefault(QUOTA_NAMES[model], model)) != model:
            yield Problem(
                path, f"{model} shares its quota with {other}", f"leave {model} or {other} out of limits"
            )
        if counter_of(model) == "embeddings" and isinstance(limit, Mapping):
            for name in ("requestsPerDay", "inputTokensPerMinute"):
                if limit.get(name) is not None:
                    yield Problem(
                        (*path, name),
                        f"Google counts {model} by requests a minute alone on the paid tiers",
                        f"write requestsPerMinute: {example_of('requestsPerMinute')}; each text of a batch counts",
                    )
        if isinstance(limit, Mapping) and not limit:
            yield Problem(
                path, "no limit is set", "write requestsPerMinute: 60, requestsPerDay or inputTokensPerMinute"
            )


def _others(limits: Mapping[str, Any]) -> _Found:
    """The numbers of all other models hold for a model without one of that name: they must limit none by accident."""
    others = limits[OTHERS]
    named = list(others) if isinstance(others, Mapping) and not _denies(others) else []
    for model, limit in limits.items():
        missing = [name for name in named if isinstance(limit, Mapping) and limit.get(name) is None]
        if model != OTHERS and missing and counter_of(model) == "content":
            yield Problem(
                ("limits", str(model)),
                f"{model} has no {missing[0]} of its own, so that of {OTHERS} would hold for it",
                f"write {missing[0]}: {example_of(missing[0])} for it",
            )


def _denies(others: Any) -> bool:
    """True if it shuts every model that is not named."""
    zero = isinstance(others, Mapping) and 0 in (
        others.get("requestsPerMinute"),
        others.get("requestsPerDay"),
    )
    return others == DENY or zero


def _quotas(_: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    quotas = merged.get("quotas")
    seen: dict[str, str] = {}
    for name, quota in quotas.items() if isinstance(quotas, Mapping) else ():
        if not isinstance(quota, Mapping):
            continue
        path = ("quotas", str(name))
        by_limit = [key for key in ("metric", "limit") if quota.get(key) is not None]
        if (quota.get("quotaId") is None) == (len(by_limit) < 2) or (quota.get("quotaId") and by_limit):
            yield Problem(
                path,
                "a quota is named by quotaId, or by metric and limit",
                f"write quotaId: {example_of('quotaId')} to ask Google for a value, or metric: and "
                f"limit: {example_of('limit')} to lower one",
            )
        if by_limit and quota.get("value") == -1:
            yield Problem(
                (*path, "value"),
                "an override only lowers",
                "write value: 60, or name the quota by its quotaId",
            )
        for key in _OF_PREFERENCES:
            if by_limit and quota.get(key) is not None:
                yield Problem(
                    (*path, key), f"{key} is for what Google is asked for", "leave it out, or write quotaId"
                )
        gemini = quota.get("service") in (None, GEMINI_API)
        if gemini and len(by_limit) == 2 and (model := _limited_model(merged, quota)):
            yield Problem(
                path,
                f"limits.{model} sets this override as well",
                f"leave {name} out of quotas, or {model} out of limits",
            )
        if gemini and (model := _denied_model(merged, quota)):
            yield Problem(
                path,
                f"limits denies {model}, so that what Google grants has no effect",
                f"name {model} under limits, such as {model}: {{requestsPerMinute: 60}}, or leave {name} out of quotas",
            )
        what = [quota.get(key) for key in ("service", "quotaId", "metric", "limit")]
        dimensions = value(quota, "dimensions")
        pairs = dimensions.items() if isinstance(dimensions, Mapping) else ()
        same = repr((what, sorted(repr((key, _quota_name(each) or each)) for key, each in pairs)))
        first = seen.setdefault(same, str(name))
        if first != name:
            yield Problem(
                path,
                f"is the same quota as {first!r}, with the same dimensions",
                f"leave {name} or {first} out of quotas",
            )


def _quota_name(model: Any) -> str | None:
    """The quota's name of a model, by its id or that name; empty for what is no name."""
    return QUOTA_NAMES.get(model, model) if isinstance(model, str) else None if model is None else ""


def _limited_model(merged: Mapping[str, Any], quota: Mapping[str, Any]) -> str | None:
    """The entry under `limits` whose override a raw quota would set a second time."""
    wanted = _quota_name(value(quota, "dimensions", "model"))
    limits = merged.get("limits")
    if not isinstance(limits, Mapping):
        return None
    known = BY_METRIC.get((str(quota["metric"]), str(quota["limit"])))
    if wanted is None:
        if DERIVE in limits or _denies(limits.get(OTHERS)):
            # Every metric that counts models is shut.
            return (DERIVE if DERIVE in limits else OTHERS) if "/model" in str(quota["limit"]) else None
        others = limits.get(OTHERS)
        return OTHERS if known and isinstance(others, Mapping) and known[0] in others else None
    for model, limit in limits.items():
        set_here = limit == DENY and known and known[0] == "requestsPerMinute"
        set_here = set_here or (known and isinstance(limit, Mapping) and known[0] in limit)
        if set_here and model != DERIVE and wanted == QUOTA_NAMES.get(model):
            return str(model)
    return DERIVE if known and wanted in _derived(merged, limits) else None


def _derived(merged: Mapping[str, Any], limits: Mapping[str, Any]) -> set[str | None]:
    """The quota names of the models that `limits.derive` is for."""
    derive = limits.get(DERIVE)
    if not isinstance(derive, Mapping):
        return set()
    planned = [each.get("model") for each in items(merged, "workload") if isinstance(each, Mapping)]
    shares = derive.get("shares")
    names = list(shares) if isinstance(shares, Mapping) and shares else planned
    return {_quota_name(limited_as(name)) for name in names if isinstance(name, str) and limited_as(name)}


def _denied_model(merged: Mapping[str, Any], quota: Mapping[str, Any]) -> str | None:
    """The model that a raw quota asks more of, and that cannot be called whatever Google grants."""
    model, limits = value(quota, "dimensions", "model"), merged.get("limits")
    if (
        str(quota.get("quotaId")) not in BY_QUOTA_ID
        or not isinstance(model, str)
        or not isinstance(limits, Mapping)
    ):
        return None
    named = {_quota_name(name): limit for name, limit in limits.items()}
    if (name := _quota_name(model)) in named:
        return model if _denies(named[name]) else None
    if name in _derived(merged, limits) or name in _opened(merged):
        return None
    return model if DERIVE in limits or _denies(limits.get(OTHERS)) else None


def _opened(merged: Mapping[str, Any]) -> set[str | None]:
    """The quota names of the models that overrides under `quotas` let be called although all others are denied."""
    quotas = merged.get("quotas")
    return {
        _quota_name(value(quota, "dimensions", "model"))
        for quota in (quotas.values() if isinstance(quotas, Mapping) else ())
        if isinstance(quota, Mapping)
        and BY_METRIC.get((str(quota.get("metric")), str(quota.get("limit"))), ("",))[0]
        == "requestsPerMinute"
        and quota.get("value") != 0
    }


def _contacts(_: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    contacts = items(merged, "contacts")
    seen: set[str] = set()
    for position, email in enumerate(value(contact, "email") for contact in contacts):
        if not isinstance(email, str):
            continue
        if email in seen:
            yield Problem(
                ("contacts", position, "email"),
                f"{email!r} stands here twice",
                "keep one, with the categories of both",
            )
        seen.add(email)
    yield from repeated(("tags",), items(merged, "tags"))


_CHECKS: Final[tuple[Callable[[Mapping[str, Any], Mapping[str, Any]], _Found], ...]] = (
    identity_problems,
    _tier,
    _budget,
    _alerts,
    key_problems,
    _limits,
    _quotas,
    _contacts,
    guard_problems,
)
