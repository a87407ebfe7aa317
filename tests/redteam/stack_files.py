"""Stack files as data, and a grammar of evasions: each changes a file that keeps to the production policies."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

import yaml
from hypothesis import strategies as st

from landing_zone.gemini.quotas import QUOTA_LIMITS, LimitName
from tests.lifecycle.policies.judged import ACCOUNT
from tests.redteam.evasions import ADDRESSES, CLAIMED, METHODS, MODELS, NUMBERS, numbers
from tests.redteam.production import FOLDER

NAMESPACE: Final = "gemini-landing-zone"
Change = tuple[tuple[str, ...], Any]
"""A path in the project, and the value to write there; None takes away what is there."""


@dataclass(frozen=True)
class Example:
    """A stack file with one project, which an author has changed."""

    changes: tuple[Change, ...] = ()
    everywhere: tuple[Change, ...] = ()
    """Of `defaults`."""
    key: str = "chat"
    """The project's name in the file."""
    lent: tuple[Change, ...] = ()
    """What should count for nothing: display names, assumptions, and terms at the top of the file."""

    def project(self, number: int) -> dict[str, Any]:
        """The project's settings."""
        return _changed(
            _base(number), (*self.changes, *(each for each in self.lent if each[0][0] != "accountTerms"))
        )

    @property
    def terms(self) -> dict[str, Any]:
        """What the file says of its account."""
        found = _changed({}, tuple(each for each in self.lent if each[0][0] == "accountTerms"))
        return {ACCOUNT: found["accountTerms"]} if found else {}


def text_of(
    examples: Mapping[str, dict[str, Any]], terms: Mapping[str, Any], defaults: Mapping[str, Any]
) -> str:
    """A stack file. What two projects share is written once, with an anchor."""
    values = {
        "billingAccount": ACCOUNT,
        "parent": FOLDER,
        "labels": {"owner": "platform", "cost-centre": "cc-1"},
        "defaults": {"protect": True, **defaults},
        "projects": dict(examples),
        **({"accountTerms": terms} if terms else {}),
    }
    config = {
        "gcp:disableGlobalProjectWarning": True,
        **{f"{NAMESPACE}:{name}": each for name, each in values.items()},
    }
    return yaml.safe_dump({"config": config}, sort_keys=False)


def file_of(example: Example, *, lends: bool = True) -> str:
    """The file of one example; with `lends` False, without what should count for nothing."""
    own = example if lends else Example(example.changes, example.everywhere)
    return text_of({own.key: own.project(0)}, own.terms, _changed({}, own.everywhere))


def _base(number: int) -> dict[str, Any]:
    return {
        "projectId": f"acme-redteam-{number:03d}",
        "tier": "paid",
        "keys": {"backend": {"allowedIps": ["203.0.113.0/24"], "methods": ["generate", "countTokens"]}},
        "budget": {
            "amount": 20,
            "currency": "USD",
            "spendCap": True,
            "thresholds": [0.5, 1.0, {"forecast": 1.0}],
        },
        "limits": {"gemini-4-argon": {"requestsPerMinute": 2, "requestsPerDay": 5}, "others": "deny"},
    }


def _changed(values: dict[str, Any], changes: tuple[Change, ...]) -> dict[str, Any]:
    found = deepcopy(values)
    for path, value in changes:
        at = found
        for step in path[:-1]:
            inner = at.get(step)
            at[step] = inner if isinstance(inner, dict) else {}
            at = at[step]
        if value is None:
            at.pop(path[-1], None)
        else:
            at[path[-1]] = deepcopy(value)
    return found


_pick = st.sampled_from
_FIELDS: Final[tuple[Change, ...]] = (
    (("tier",), "free"), (("adopt",), True), (("parent",), "folders/1"), (("billingAccount",), "0A1B2C-3D4E5F-6A7B8C"),
    (("protect",), False), (("deletionPolicy",), "DELETE"), (("labels",), {"owner": "web"}), (("labels",), {"cost-centre": "x"}),
    (("keys",), {}), (("keys", "backend", "standard"), True), (("keys", "backend", "decoy"), True), (("keys", "backend", "allowedIps"), None),
    (("keys", "backend", "allowedReferrers"), ["https://chat.example.com/*"]), (("keys", "backend", "methods"), None),
    (("keys", "backend", "serviceAccount"), "shared-app@sandbox-seed.iam.gserviceaccount.com"),
    (("keys", "widget"), {"methods": ["generate"]}), (("keys", "second"), {"allowedIps": ["198.51.100.7"], "methods": ["generate"]}),
    (("budget",), None), (("budget", "spendCap"), False), (("budget", "spendCap"), {"amount": 40}), (("budget", "spendCap"), {"amount": 41}),
    (("budget", "spendCap"), {"amount": 30, "lifted": True}), (("budget", "amount"), 1600), (("budget", "amount"), 0.01), (("budget", "lastPeriod"), True),
    (("budget", "period"), {"start": "2099-01-01", "end": "2099-12-31"}), (("budget", "period"), {"start": "2025-01-01", "end": "2026-01-01"}),
    (("budget", "period"), "YEAR"), (("budget", "services"), "all"), (("budget", "services"), ["services/0000-0000-0000"]), (("budget", "label"), {"a": "b"}),
    (("budget", "subaccounts"), ["0A1B2C-3D4E5F-6A7B8C"]), (("budget", "credits"), "include"), (("budget", "thresholds"), [1.0]), (("budget", "currency"), "EUR"),
    (("budget", "iamRecipients"), False), (("budget", "existing"), "11111111-2222-3333-4444-555555555555"), (("privateData",), True), (("users",), ["US"]),
    (("idSuffix",), True), (("aliases",), ["acme-support-legacy"]), (("limits",), None), (("limits", "others"), None), (("dashboard",), True),
    (("workload",), [{"model": "gemini-4-argon", "requestsPerDay": 3, "inputTokens": 10, "outputTokens": 10}]),
    (("limits",), {"derive": {"maxOvershoot": 20}, "others": "deny"}),
)  # fmt: skip
_lists = st.lists(_pick(("generate", "countTokens", "caches", "batch", "embed", "models", "live", *METHODS["star"], *METHODS["any version"])), min_size=1, max_size=3)  # fmt: skip
_limit_names = _pick(("requestsPerMinute", "requestsPerDay", "inputTokensPerMinute"))


def _quota(name: LimitName, tier: int, model: str, value: int, asked: bool) -> dict[str, Any]:
    limit = QUOTA_LIMITS[name][tier]
    where = (
        {"quotaId": limit.quota_id, "contactEmail": "a@example.com", "justification": "a campaign"}
        if asked
        else {"metric": limit.metric, "limit": limit.limit}
    )
    return {**where, "value": value, **({"dimensions": {"model": model}} if model else {})}


_CHANGES: Final[st.SearchStrategy[Change]] = st.one_of(
    _pick(_FIELDS),
    _pick(_FIELDS),
    st.tuples(st.just(("keys", "backend", "allowedIps")), ADDRESSES.map(list)),
    st.tuples(st.just(("keys", "backend", "methods")), _lists),
    st.tuples(st.tuples(st.just("limits"), _pick(MODELS)), numbers),
    st.tuples(st.tuples(st.just("limits"), _pick(MODELS)), numbers),
    st.tuples(st.just(("limits", "others")), numbers),
    st.tuples(
        st.tuples(st.just("quotas"), _pick(("one", "two"))),
        st.builds(
            _quota, _limit_names, st.integers(0, 3), _pick(("", *MODELS)), _pick(NUMBERS), st.booleans()
        ),
    ),
)
_LENT: Final[st.SearchStrategy[Change]] = st.one_of(
    st.tuples(st.just(("name",)), _pick(CLAIMED)),
    st.tuples(st.just(("budget", "name")), _pick(CLAIMED)),
    st.tuples(st.just(("keys", "backend", "displayName")), _pick(CLAIMED)),
    st.tuples(st.just(("searchesPerRequest",)), _pick((0, 1, 100))),
    st.tuples(st.just(("accountTerms", "discount")), _pick((0.5, 0.99))),
    st.tuples(st.just(("accountTerms", "tier")), _pick((1, 3))),
    st.tuples(
        st.just(("accountTerms", "prices")), _pick(({"gemini-4-argon": {"input": 0.01, "output": 0.01}},))
    ),
    st.tuples(
        st.just(("accountTerms", "tierLimits")),
        _pick(({"gemini-4-argon": {"requestsPerDay": 1}}, {"gemini-2.5-pro": {"requestsPerMinute": 1}})),
    ),
)
EXAMPLES: Final[st.SearchStrategy[Example]] = st.builds(
    Example,
    st.lists(_CHANGES, max_size=3).map(tuple),
    st.lists(_pick(_FIELDS), max_size=1).map(
        lambda found: tuple(each for each in found if each[0][0] not in ("projectId", "adopt", "aliases"))
    ),
    _pick(("chat", "chat", "acme-support-legacy", "widget", "backend")),
    st.lists(_LENT, max_size=2).map(tuple),
)
