"""A grammar of evasions: each changes a program that keeps to the production policies."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Final

from hypothesis import strategies as st

from landing_zone.gemini.quotas import QUOTA_LIMITS, LimitName
from tests.lifecycle.policies.judged import ACCOUNT
from tests.redteam.evasions import (
    ADDRESSES,
    BUDGET_FILTERS,
    CLAIMED,
    GEMINI,
    METHODS,
    MODELS,
    NUMBERS,
    SERVICES,
    numbers,
)
from tests.redteam.programs import (
    PROJECT,
    Program,
    base_program,
    budget_inputs,
    key_inputs,
    limits_inputs,
    project_inputs,
    ref,
)

Op = tuple[Any, ...]
"""An evasion: its name and its choices."""
OVERRIDE: Final = "gcp:serviceusage/consumerQuotaOverride:ConsumerQuotaOverride"
PAID: Final = ("1", "2", "3")


def program_of(ops: tuple[Op, ...], number: int = 0) -> Program:
    """The program that keeps to the policies, and what the evasions make of it."""
    found = base_program(number)
    for op, *choices in ops:
        _OPS[op](found, *choices)
    return found


def _later(program: Program, where: tuple[str, tuple[str | int, ...]], of: str | None) -> None:
    """A value that the program knows, and no preview."""
    name, path = where
    if of == "free" and "free" not in program.entries:
        _free(program)
    if name not in program.entries or (of and of == name):
        return
    at: Any = program.entries[name].inputs
    for step in path[:-1]:
        index: Any = step
        at = at[index] if (isinstance(at, list) and len(at) > index) or index in at else None
        if not isinstance(at, dict | list) or "$ref" in at or "$later" in at:
            return
    last: Any = path[-1]
    if (isinstance(at, dict) and last in at) or (isinstance(at, list) and len(at) > last):
        at[last] = {"$later": at[last], "of": of}
        if of == "free":
            # Registered before what needs it.
            _first(program, "free")


def _last_later(program: Program, which: int, place: int, of: str | None) -> None:
    """The same for a property of one of the resources that were added last."""
    entry = list(program.entries.values())[-1 - which % 4]
    names = sorted(entry.inputs)
    _later(program, (entry.id, (names[place % len(names)],)), of)


def _claims(program: Program, name: str, claimed: str) -> None:
    if name in program.entries:
        program.entries[name].name = claimed


def _shows(program: Program, name: str, claimed: str) -> None:
    if name in program.entries:
        program.entries[name].inputs["name" if name == "project" else "displayName"] = claimed


def _counts(program: Program, name: str, other: str) -> None:
    """A budget or a cap on another project, or on this one named in another way."""
    if name not in program.entries:
        return
    if other == "free" and "free" not in program.entries:
        _free(program)
    number: Any = {
        "free": ref("free", "number") if other == "free" else None,
        "id": ref("project", "projectId"),
        "digits": "999999999999",
        "another": f"{program.project_id}-x",
    }[other]
    inputs = program.entries[name].inputs
    if name == "cap":
        inputs["project"] = number
    else:
        named = number["$ref"] if isinstance(number, dict) else None
        reference = ref(named[0], named[1], "projects/") if named else f"projects/{number}"
        inputs["budgetFilter"]["projects"] = [reference]
    program.entries[name].after += ("free",) if other == "free" else ()
    _first(program, "free")


def _first(program: Program, *names: str) -> None:
    """Register some resources before those that refer to them."""
    front = {name: program.entries[name] for name in names if name in program.entries}
    program.entries = front | program.entries


def _free(program: Program) -> None:
    """A project without a bill, as a decoy."""
    free = program.add("free", PROJECT, project_inputs(f"{program.project_id}-f"))
    free.protect = True
    del free.inputs["billingAccount"]


def _restricts(program: Program, *, addresses: Any = None, methods: Any = None, service: Any = None) -> None:
    if "key" not in program.entries:
        return
    restrictions = program.entries["key"].inputs["restrictions"]
    if not isinstance(restrictions, dict) or "$later" in restrictions:
        return
    if addresses is not None:
        restrictions["serverKeyRestrictions"] = {"allowedIps": list(addresses)}
    targets = restrictions["apiTargets"]
    if isinstance(targets, list) and methods is not None:
        targets[0]["methods"] = list(methods)
    if isinstance(targets, list) and service is not None:
        targets[0]["service"] = service


def _second_key(program: Program, service: str, methods: tuple[str, ...], addresses: tuple[str, ...]) -> None:
    inputs = deepcopy(key_inputs("project", f"second-{len(program.entries)}"))
    target = {"service": service, **({"methods": list(methods)} if methods and service == GEMINI else {})}
    inputs["restrictions"]["apiTargets"] = [target]
    inputs["restrictions"]["serverKeyRestrictions"]["allowedIps"] = list(addresses)
    program.add(
        f"key-{len(program.entries)}", "gcp:projects/apiKey:ApiKey", inputs, ("project-apikeys", "account")
    )


def _models(program: Program, model: str, own: Mapping[str, int]) -> None:
    if "limits" in program.entries and isinstance(program.entries["limits"].inputs["limits"], dict):
        program.entries["limits"].inputs["limits"][model] = dict(own)


def _others(program: Program, value: Any) -> None:
    if "limits" in program.entries:
        program.entries["limits"].inputs.pop("others", None)
        if value is not None:
            program.entries["limits"].inputs["others"] = dict(value) if isinstance(value, Mapping) else value


def _second_limits(program: Program, model: str, own: Mapping[str, int], others: Any) -> None:
    program.add(
        f"limits-{len(program.entries)}",
        "gemini-landing-zone:index:ProjectLimits",
        limits_inputs("project", {model: dict(own)}, others),
        ("limits", "project-generativelanguage"),
    )


def _overrides(
    program: Program, model: str, name: LimitName, value: int, tiers: tuple[str, ...], first: bool
) -> None:
    """Limits in pieces: one resource for each metric, before or after the resource for all."""
    for limit in QUOTA_LIMITS[name]:
        if limit.tier not in tiers:
            continue
        inputs: dict[str, Any] = {
            "project": ref("project", "projectId"),
            "service": GEMINI,
            "metric": limit.metric.replace("/", "%2F"),
            "limit": limit.limit.replace("/", "%2F"),
            "overrideValue": str(value),
            "force": True,
        }
        if model:
            inputs["dimensions"] = {"model": model}
        after = ("project-generativelanguage", *(() if first else ("limits",)))
        entry = program.add(f"override-{len(program.entries)}", OVERRIDE, inputs, after)
        if first and "limits" in program.entries:
            program.entries["limits"].after += (entry.id,)
            program.entries["limits"] = program.entries.pop("limits")


def _preference(program: Program, model: str, name: LimitName, value: int, tiers: tuple[str, ...]) -> None:
    for limit in QUOTA_LIMITS[name]:
        if limit.tier not in tiers:
            continue
        inputs: dict[str, Any] = {
            "parent": ref("project", "projectId", "projects/"),
            "service": GEMINI,
            "quotaId": limit.quota_id,
            "quotaConfig": {"preferredValue": str(value)},
            "justification": "a campaign",
            "contactEmail": "platform@example.com",
        }
        if model:
            inputs["dimensions"] = {"model": model}
        kind = "gcp:cloudquota/sQuotaPreference:SQuotaPreference"
        program.add(
            f"preference-{len(program.entries)}",
            kind,
            inputs,
            ("project-generativelanguage", "project-cloudquotas"),
        )


def _elsewhere(program: Program, model: str, name: LimitName) -> None:
    """Limits that are said to be set by another resource, which is not there."""
    if "limits" in program.entries:
        program.entries["limits"].inputs["elsewhere"] = [
            {"metric": limit.metric, "limit": limit.limit, **({"model": model} if model else {})}
            for limit in QUOTA_LIMITS[name]
        ]


def _filters(program: Program, change: Mapping[str, Any]) -> None:
    if "budget" in program.entries:
        program.entries["budget"].inputs["budgetFilter"] |= deepcopy(dict(change))


def _amounts(program: Program, name: str, amount: str) -> None:
    if name == "budget" and name in program.entries:
        program.entries[name].inputs["amount"] = {"specifiedAmount": {"currencyCode": "USD", "units": amount}}
    elif name in program.entries:
        program.entries[name].inputs["amount"] = amount


def _account(program: Program, name: str, account: str) -> None:
    if name in program.entries:
        program.entries[name].inputs["billingAccount"] = account


def _drops(program: Program, name: str) -> None:
    program.entries.pop(name, None)
    for entry in program.entries.values():
        entry.after = tuple(each for each in entry.after if each != name)


def _decoy_budget(program: Program) -> None:
    """A budget with the right name, on the wrong project."""
    if "free" not in program.entries:
        _free(program)
    program.add("decoy", "gcp:billing/budget:Budget", budget_inputs("free", program.project_id), ("free",))
    _drops(program, "budget")


def _api(program: Program, of: str, service: str) -> None:
    if of == "free" and "free" not in program.entries:
        _free(program)
    inputs = {"project": ref(of, "projectId"), "service": service}
    program.add(f"api-{len(program.entries)}", "gcp:projects/service:Service", inputs, (of,))


def _rules(program: Program, service: str) -> None:
    inputs = {
        "parent": ref("project", "number", "projects/"),
        "enableRules": [{"services": [f"services/{service}"]}],
    }
    program.add("rules", "gcp:serviceusage/v2ConsumerPolicy:V2ConsumerPolicy", inputs, ("project",))


def _grant(program: Program, role: str, member: str) -> None:
    inputs = {"project": ref("project", "projectId"), "role": role, "member": member}
    program.add(f"grant-{len(program.entries)}", "gcp:projects/iAMMember:IAMMember", inputs, ("project-iam",))


def _link(program: Program, project: str, account: str) -> None:
    """A billing link beside the project, of one that looks free, or that is somebody else's."""
    if project == "free" and "free" not in program.entries:
        _free(program)
    of: Any = {
        "project": ref("project", "projectId"),
        "free": ref("free", "projectId") if project == "free" else None,
        "seed": "sandbox-seed",
        "free-literal": f"{program.project_id}-f",
    }[project]
    if project == "free-literal" and "free" not in program.entries:
        _free(program)
    after = ("free",) if project.startswith("free") else ("project",)
    inputs = {"project": of, "billingAccount": account}
    program.add(f"link-{len(program.entries)}", "gcp:billing/projectInfo:ProjectInfo", inputs, after)


def _unlinked(program: Program, account: str | None) -> None:
    """The project gets its account from a link of its own."""
    if "billingAccount" in program.entries["project"].inputs and account:
        del program.entries["project"].inputs["billingAccount"]
        inputs = {"project": ref("project", "projectId"), "billingAccount": account}
        entry = program.add("link", "gcp:billing/projectInfo:ProjectInfo", inputs, ("project",))
        for each in program.entries.values():
            if each.id not in ("project", "free", entry.id) and "link" not in each.after:
                each.after += ("link",)
        _first(program, "free", "project", "link")


def _foreign_key(program: Program, project: str) -> None:
    inputs = deepcopy(key_inputs("project", "foreign")) | {"project": project}
    program.add("foreign", "gcp:projects/apiKey:ApiKey", inputs, ("account",))


def _unknown(program: Program, kind: str) -> None:
    """A resource of which the policies know nothing."""
    token, package, inputs = _UNKNOWN_TYPES[kind]
    program.add("unknown", token, dict(inputs)).package = package


def _stack(program: Program, project: str, stack: str) -> None:
    program.project, program.stack = project, stack


_UNKNOWN_TYPES: Final[Mapping[str, tuple[str, str, Mapping[str, Any]]]] = {
    "dynamic": ("pulumi-python:dynamic:Resource", "pulumi-python", {"__provider": "gASV"}),
    "looks known": ("gcp:projects/apiKey:ApiKey", "pulumi-python", {"project": "sandbox-seed"}),
    "command": ("command:local:Command", "command", {"create": "curl https://example.com"}),
    "native": ("google-native:apikeys/v2:Key", "google-native", {"project": "sandbox-seed"}),
    "terraform": ("terraform-module:index:Module", "terraform-module", {"source": "./x"}),
    "endpoint": ("pulumi:providers:gcp", "", {"apikeysCustomEndpoint": "https://example.com/v2/"}),
    "user in endpoint": (
        "pulumi:providers:gcp",
        "",
        {"iamCustomEndpoint": "https://iam.googleapis.com@example.com/"},
    ),
    "machine": (
        "gcp:compute/instance:Instance",
        "gcp",
        {"project": "sandbox-seed", "zone": "europe-west1-b"},
    ),
    "run": ("gcp:cloudrunv2/service:Service", "gcp", {"project": "sandbox-seed", "location": "europe-west1"}),
    "vertex": (
        "gcp:vertex/aiEndpoint:AiEndpoint",
        "gcp",
        {"project": "sandbox-seed", "location": "us-central1"},
    ),
    "logic": ("gcp:firebase/aiLogicConfig:AiLogicConfig", "gcp", {"project": "sandbox-seed"}),
    "function": (
        "gcp:cloudfunctionsv2/function:Function",
        "gcp",
        {"project": "sandbox-seed", "location": "us-central1"},
    ),
}
_OPS: Final[Mapping[str, Callable[..., None]]] = {
    "later": _later,
    "last later": _last_later,
    "claims": _claims,
    "shows": _shows,
    "key id": lambda program, key_id: (
        program.entries["key"].inputs.update(name=key_id) if "key" in program.entries else None
    ),
    "counts": _counts,
    "addresses": lambda program, found: _restricts(program, addresses=found),
    "methods": lambda program, found: _restricts(program, methods=found),
    "service": lambda program, found: _restricts(program, service=found),
    "second key": _second_key,
    "models": _models,
    "others": _others,
    "second limits": _second_limits,
    "overrides": _overrides,
    "preference": _preference,
    "elsewhere": _elsewhere,
    "filters": _filters,
    "amounts": _amounts,
    "account": _account,
    "drops": _drops,
    "decoy budget": _decoy_budget,
    "api": _api,
    "rules": _rules,
    "grant": _grant,
    "link": _link,
    "unlinked": _unlinked,
    "foreign key": _foreign_key,
    "unknown": _unknown,
    "stack": _stack,
}
_ACCOUNTS: Final = (ACCOUNT, "0A1B2C-3D4E5F-6A7B8C", "0FEDCB-A98765-432100")
_LATE: Final[tuple[tuple[str, tuple[str | int, ...]], ...]] = (
    ("project", ("billingAccount",)), ("project", ("projectId",)), ("project", ("folderId",)), ("project", ("labels",)),
    ("project-generativelanguage", ("service",)), ("project-generativelanguage", ("project",)),
    ("budget", ("budgetFilter", "projects")), ("budget", ("budgetFilter", "projects", 0)), ("budget", ("budgetFilter", "services")),
    ("budget", ("budgetFilter",)), ("budget", ("budgetFilter", "customPeriod")), ("budget", ("amount",)), ("budget", ("billingAccount",)),
    ("budget", ("thresholdRules",)), ("cap", ("project",)), ("cap", ("amount",)), ("cap", ("billingAccount",)),
    ("limits", ("limits",)), ("limits", ("others",)), ("limits", ("project",)), ("limits", ("limits", "gemini-4-argon", "requestsPerMinute")),
    ("limits", ("limits", "gemini-4-argon")), ("key", ("restrictions",)), ("key", ("restrictions", "apiTargets")),
    ("key", ("restrictions", "apiTargets", 0, "methods")), ("key", ("restrictions", "apiTargets", 0, "service")),
    ("key", ("restrictions", "serverKeyRestrictions", "allowedIps")), ("key", ("project",)), ("key", ("serviceAccountEmail",)),
    ("link", ("billingAccount",)), ("link", ("project",)),
)  # fmt: skip
_OTHER_APIS: Final = ("pubsub.googleapis.com", "aiplatform.googleapis.com", "Dialogflow.googleapis.com", "dialogflow.googleapis.com", "firebasevertexai.googleapis.com")  # fmt: skip
_ROLES: Final = ("roles/logging.viewer", "roles/editor", "roles/serviceusage.serviceUsageConsumer", "ROLES/Owner", "roles/firebaseml.serviceAgent", "projects/x/roles/harmless", "roles/apikeys.viewer")  # fmt: skip
_pick = st.sampled_from
_names = _pick(("requestsPerMinute", "requestsPerDay", "inputTokensPerMinute"))
_tiers = _pick((PAID, PAID, ("1",), ("2", "3"), ("free", "1")))
_others_values = _pick((None, "deny")) | numbers
_CHANGES: Final = st.one_of(
    st.tuples(st.just("claims"), _pick(("project", "key", "budget")), _pick(CLAIMED)),
    st.tuples(st.just("shows"), _pick(("project", "key", "budget", "cap")), _pick(CLAIMED)),
    st.tuples(st.just("key id"), _pick(("widget", "backend-2"))),
    st.tuples(st.just("counts"), _pick(("budget", "cap")), _pick(("free", "id", "digits", "another"))),
    st.tuples(st.just("addresses"), ADDRESSES),
    st.tuples(st.just("methods"), _pick(tuple(METHODS.values()))),
    st.tuples(st.just("service"), _pick(SERVICES)),
    st.tuples(st.just("second key"), _pick(SERVICES), _pick(tuple(METHODS.values())), ADDRESSES),
    st.tuples(st.just("models"), _pick(MODELS), numbers),
    st.tuples(st.just("others"), _others_values),
    st.tuples(st.just("second limits"), _pick(MODELS), numbers, _others_values),
    st.tuples(st.just("overrides"), _pick(("", *MODELS)), _names, _pick(NUMBERS), _tiers, st.booleans()),
    st.tuples(st.just("preference"), _pick(MODELS), _names, _pick(NUMBERS), _tiers),
    st.tuples(st.just("elsewhere"), _pick(("", *MODELS)), _names),
    st.tuples(st.just("filters"), _pick(BUDGET_FILTERS)),
    st.tuples(st.just("amounts"), _pick(("budget", "cap")), _pick(("1", "15", "40", "41", "1000000"))),
    st.tuples(st.just("account"), _pick(("project", "budget", "cap")), _pick(_ACCOUNTS)),
    st.tuples(st.just("drops"), _pick(("budget", "cap", "limits", "key"))),
    st.tuples(st.just("decoy budget")),
    st.tuples(st.just("api"), _pick(("project", "free")), _pick((GEMINI, *_OTHER_APIS))),
    st.tuples(st.just("rules"), _pick((GEMINI, *_OTHER_APIS))),
    st.tuples(st.just("grant"), _pick(_ROLES), _pick(("group:platform@example.com", "allAuthenticatedUsers"))),
    st.tuples(st.just("link"), _pick(("project", "free", "free-literal", "seed")), _pick(_ACCOUNTS)),
    st.tuples(st.just("unlinked"), _pick(_ACCOUNTS)),
    st.tuples(st.just("foreign key"), _pick(("sandbox-seed", "acme-support-legacy"))),
    st.tuples(st.just("unknown"), _pick(tuple(_UNKNOWN_TYPES))),
    st.tuples(
        st.just("stack"),
        _pick(("somebody-elses", "gemini-landing-zone")),
        _pick(("prod", "dev", "sandbox", "test")),
    ),
)  # fmt: skip


def programs(*carriers: str | None) -> st.SearchStrategy[tuple[Op, ...]]:
    """Evasions, values that come late last. `carriers`: the resources that such a value comes from; None: a topic."""
    of = _pick(carriers)
    delays = st.one_of(
        st.tuples(st.just("later"), _pick(_LATE), of),
        st.tuples(st.just("last later"), st.integers(0, 3), st.integers(0, 7), of),
    )
    changes = st.lists(_CHANGES, max_size=3)
    return st.builds(lambda changed, delayed: (*changed, *delayed), changes, st.lists(delays, max_size=2))
