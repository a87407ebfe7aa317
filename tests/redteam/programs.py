"""Programs as data: one that keeps to the production policies, and what the pack gets to see of any."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tests.lifecycle.policies.judged import ACCOUNT
from tests.redteam.evasions import GEMINI, METHODS
from tests.redteam.production import FOLDER

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine sends for a value that a preview does not know."""
PROJECT: Final = "gcp:organizations/project:Project"
LABELS: Final = {"owner": "platform", "cost-centre": "cc-1"}


def ref(name: str, output: str, prefix: str = "") -> dict[str, Any]:
    """The output of another resource."""
    return {"$ref": [name, output, prefix]}


@dataclass
class Entry:
    """A resource."""

    id: str
    """Name within the program's data."""
    type: str
    inputs: dict[str, Any]
    after: tuple[str, ...] = ()
    protect: bool = False
    name: str = ""
    """Its name in Pulumi, where it is not made of the id."""
    package: str = ""


@dataclass
class Program:
    """The resources of one program, in the order in which it registers them."""

    number: int
    entries: dict[str, Entry] = field(default_factory=dict)
    project: str = "somebody-elses"
    stack: str = "prod"

    @property
    def project_id(self) -> str:
        return f"acme-redteam-{self.number:03d}"

    def add(self, name: str, kind: str, inputs: dict[str, Any], after: tuple[str, ...] = ()) -> Entry:
        entry = self.entries[name] = Entry(name, kind, inputs, after)
        return entry

    def name(self, entry: Entry) -> str:
        return entry.name or f"p{self.number}-{entry.id}"


def base_program(number: int) -> Program:
    """A program that keeps to the production policies."""
    found = Program(number)
    chat = found.add("project", PROJECT, project_inputs(found.project_id))
    chat.protect = True
    add_services(found, "project", ("generativelanguage", "apikeys", "cloudquotas", "iam"))
    ready = tuple(found.entries)
    found.add("budget", "gcp:billing/budget:Budget", budget_inputs("project", found.project_id), ready)
    found.add("cap", "gemini-landing-zone:index:SpendCap", cap_inputs("project"), ready)
    limits = {"gemini-4-argon": {"requestsPerMinute": 2, "requestsPerDay": 5}}
    found.add(
        "limits", "gemini-landing-zone:index:ProjectLimits", limits_inputs("project", limits, "deny"), ready
    )
    account = {"project": ref("project", "projectId"), "accountId": "gemini-backend"}
    found.add("account", "gcp:serviceaccount/account:Account", account, ready)
    found.add("key", "gcp:projects/apiKey:ApiKey", key_inputs("project", "backend"), ("limits", "account"))
    return found


def project_inputs(project_id: str) -> dict[str, Any]:
    return {
        "projectId": project_id,
        "name": project_id,
        "folderId": FOLDER.rpartition("/")[2],
        "billingAccount": ACCOUNT,
        "labels": dict(LABELS),
    }


def add_services(program: Program, of: str, names: tuple[str, ...], after: tuple[str, ...] = ()) -> None:
    for name in names:
        inputs = {"project": ref(of, "projectId"), "service": f"{name}.googleapis.com"}
        program.add(f"{of}-{name}", "gcp:projects/service:Service", inputs, after)


def budget_inputs(of: str, display_name: str) -> dict[str, Any]:
    return {
        "billingAccount": ACCOUNT,
        "displayName": display_name,
        "amount": {"specifiedAmount": {"currencyCode": "USD", "units": "20"}},
        "budgetFilter": {
            "projects": [ref(of, "number", "projects/")],
            "services": ["services/AEFD-7695-64FA"],
            "creditTypesTreatment": "EXCLUDE_ALL_CREDITS",
        },
        "thresholdRules": [
            {"thresholdPercent": 0.5},
            {"thresholdPercent": 1.0},
            {"thresholdPercent": 1.0, "spendBasis": "FORECASTED_SPEND"},
        ],
    }


def cap_inputs(of: str) -> dict[str, Any]:
    return {"billingAccount": ACCOUNT, "project": ref(of, "number"), "amount": "30", "currency": "USD"}


def limits_inputs(of: str, models: dict[str, Any], others: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"project": ref(of, "projectId"), "limits": models}
    return found if others is None else {**found, "others": others}


def key_inputs(of: str, key_id: str) -> dict[str, Any]:
    return {
        "project": ref(of, "projectId"),
        "name": key_id,
        "displayName": key_id,
        "serviceAccountEmail": ref("account", "email"),
        "restrictions": {
            "apiTargets": [{"service": GEMINI, "methods": list(METHODS["generate"])}],
            "serverKeyRestrictions": {"allowedIps": ["203.0.113.0/24"]},
        },
    }


def stages(program: Program) -> list[list[dict[str, Any]]]:
    """The resources as the engine shows them to the pack: at the end of a preview, and at the end of an update."""
    return [list(_shown(program, known=known)) for known in (False, True)]


def _shown(program: Program, *, known: bool) -> Iterator[dict[str, Any]]:
    urns = {name: f"urn:pulumi:{program.stack}::{program.project}::{entry.type}::{program.name(entry)}"
            for name, entry in program.entries.items()}  # fmt: skip
    for position, (name, entry) in enumerate(program.entries.items()):
        props, comes_from = {}, {}
        for key, given in entry.inputs.items():
            props[key], projects = _value(program, given, known=known)
            if projects:
                comes_from[key] = sorted(urns[each] for each in projects)
        given = dict(props)
        if entry.type == PROJECT:
            props["number"] = f"90000000{position:02d}" if known else UNKNOWN
        package = entry.package or entry.type.partition(":")[0]
        yield {
            "type": entry.type,
            "name": program.name(entry),
            "urn": urns[name],
            "props": props,
            "given": given,
            "protect": entry.protect,
            "comes_from": comes_from,
            "package": None if entry.type.startswith("pulumi:") else package,
        }


def _value(program: Program, given: Any, *, known: bool) -> tuple[Any, set[str]]:
    """A property's value, and the projects that it depends on."""
    if isinstance(given, list):
        parts = [_value(program, each, known=known) for each in given]
        return [value for value, _ in parts], set().union(*(projects for _, projects in parts))
    if not isinstance(given, dict):
        return given, set()
    if "$ref" in given:
        return _referred(program, *given["$ref"], known=known)
    if "$later" in given:
        value, projects = _value(program, given["$later"], known=known)
        return (value if known else UNKNOWN), projects | ({given["of"]} if given["of"] else set())
    named = {name: _value(program, each, known=known) for name, each in given.items()}
    return {name: value for name, (value, _) in named.items()}, set().union(
        *(each for _, each in named.values())
    )


def _referred(program: Program, name: str, output: str, prefix: str, *, known: bool) -> tuple[Any, set[str]]:
    entry = program.entries.get(name)
    if entry is None:
        return UNKNOWN, set()
    projects = {name} if entry.type == PROJECT else set()
    if output in entry.inputs:
        value, _ = _value(program, entry.inputs[output], known=known)
    elif known:
        position = list(program.entries).index(name)
        value = (
            f"90000000{position:02d}"
            if output == "number"
            else f"gemini-backend@{program.project_id}.iam.gserviceaccount.com"
        )
    else:
        value = UNKNOWN
    return (value if value == UNKNOWN else f"{prefix}{value}"), projects
