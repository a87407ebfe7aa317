"""What of a state goes into a new stack's, and what is left: nothing refers to what is not there."""

from collections.abc import Iterator
from typing import Any

from landing_zone.operations.split_state import (
    channels_in,
    constraint_in,
    part_of,
    projects_in,
    rest_of,
    topics_in,
)
from landing_zone.scaffolding.split_file import Shared

OURS = "gemini-landing-zone:index:"
CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"


def urn(types: str, name: str, stack: str = "prod") -> str:
    return f"urn:pulumi:{stack}::glz::{types}::{name}"


ROOT = urn("pulumi:pulumi:Stack", "glz-prod")
NATIVE = urn("pulumi:providers:gemini-landing-zone", "prod")
GCP = urn("pulumi:providers:gcp", "default")
ENVIRONMENT = urn(f"{OURS}Environment", "prod")
HOST = urn(f"{OURS}Environment${OURS}NotificationHost", "prod")
ROSTER = urn(f"{OURS}Environment${OURS}Roster", "prod")


def resource(its: str, parent: str = "", **more: Any) -> dict[str, Any]:
    return {"urn": its, "type": its.split("::")[2].rpartition("$")[2], "parent": parent, **more}


def project(name: str) -> Iterator[dict[str, Any]]:
    own = urn(f"{OURS}Environment${OURS}GeminiProject", name)
    made = urn(f"{OURS}Environment${OURS}GeminiProject$gcp:organizations/project:Project", name)
    yield resource(own, ENVIRONMENT)
    yield resource(made, own, id=f"projects/acme-{name}", provider=f"{GCP}::1", dependencies=[ROSTER])
    budget = urn(f"{OURS}Environment${OURS}GeminiProject$gcp:billing/budget:Budget", name)
    uses = [made, urn(f"{OURS}Environment${OURS}NotificationHost${CHANNEL}", "prod-budgets--on@example.com")]
    yield resource(
        budget,
        own,
        provider=f"{GCP}::1",
        dependencies=uses,
        propertyDependencies={"filter": uses, "name": None},
    )


def exported() -> dict[str, Any]:
    """A project that is called as the stack, another, and all that they share."""
    of_host = f"{OURS}Environment${OURS}NotificationHost$"
    own = {"provider": f"{GCP}::1"}
    names = ("prod", "chat")
    values = {
        "projects": {name: {"projectId": f"acme-{name}"} for name in names},
        "sharedBudgets": {"pilot": ["chat"], "all": []},
    }
    held = {"held": [f"protect: true of {name}" for name in names]}
    resources = [
        resource(ROOT, outputs={name: {} for name in names}),
        resource(NATIVE, ROOT, id="2"),
        resource(GCP, ROOT, id="1"),
        resource(ENVIRONMENT, ROOT),
        resource(ROSTER, ENVIRONMENT, inputs=values, outputs=values, provider=f"{NATIVE}::2"),
        resource(HOST, ENVIRONMENT),
        *(
            resource(
                urn(of_host + CHANNEL, f"prod-budgets--{email}"),
                HOST,
                outputs={"name": f"projects/seed/notificationChannels/{email[0]}"},
                **own,
            )
            for email in ("on@example.com", "desk@example.com")
        ),
        resource(
            urn(f"{of_host}gcp:pubsub/topic:Topic", "prod--spend"), HOST, inputs={"name": "spend"}, **own
        ),
        resource(
            urn(f"{of_host}gcp:pubsub/topicIAMMember:TopicIAMMember", "prod--spend"),
            HOST,
            inputs={"topic": "spend"},
            **own,
        ),
        resource(
            urn(
                f"{OURS}Environment$gcp:orgpolicy/customConstraint:CustomConstraint", "prod--restricted-keys"
            ),
            ENVIRONMENT,
            id="organizations/1/customConstraints/custom.geminiRestrictedKeysProd",
            **own,
        ),
        *project("prod"),
        *project("chat"),
        resource(urn(f"{OURS}Environment$gcp:billing/budget:Budget", "shared-pilot"), ENVIRONMENT, **own),
        resource(urn(f"{OURS}Environment$gcp:billing/budget:Budget", "shared-all"), ENVIRONMENT, **own),
        resource(
            urn(f"{OURS}Environment${OURS}StackExit", "prod"),
            ENVIRONMENT,
            inputs=held,
            outputs=held,
            protect=True,
        ),
    ]
    return {"version": 3, "deployment": {"resources": resources}}


def references(each: dict[str, Any]) -> set[str]:
    found = {each["parent"], each.get("provider", "").rpartition("::")[0], *each.get("dependencies", ())}
    for urns in (each.get("propertyDependencies") or {}).values():
        found |= {*(urns or ())}
    return found - {""}


def names(resources: list[dict[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in resources:
        found.setdefault(each["type"].rpartition(":")[2], []).append(each["urn"].rpartition("::")[2])
    return found


def test_a_new_state_has_what_moves_under_its_own_name() -> None:
    found = part_of(exported(), ("prod", "prod-2"), ["prod"], [])
    seen: set[str] = set()
    for each in found:
        assert each["urn"].startswith("urn:pulumi:prod-2::glz::")
        assert references(each) <= seen
        seen.add(each["urn"])
    assert names(found) == {
        "Stack": ["glz-prod-2"],
        "gemini-landing-zone": ["prod-2"],
        "gcp": ["default"],
        "Environment": ["prod-2"],
        "Roster": ["prod-2"],
        "NotificationHost": ["prod-2"],
        # The project keeps its name, although it is the stack's.
        "GeminiProject": ["prod"],
        "Project": ["prod"],
        "Budget": ["prod"],
        "StackExit": ["prod-2"],
    }
    by_type = {each["type"].rpartition(":")[2]: each for each in found}
    assert by_type["Stack"]["outputs"] == {"prod": {}}
    assert by_type["Roster"]["inputs"] == {
        "projects": {"prod": {"projectId": "acme-prod"}},
        "sharedBudgets": {},
    }
    assert by_type["StackExit"]["outputs"] == {"held": ["protect: true of prod"]}
    assert by_type["Project"]["dependencies"] == [by_type["Roster"]["urn"]]


def test_the_old_state_keeps_the_rest_without_what_belongs_to_no_stack() -> None:
    shared = Shared({"on@example.com": "x"}, ["spend"], "custom.geminiRestrictedKeysProd", dashboard=True)
    found = rest_of(exported(), ["chat"], ["pilot"], shared)
    seen: set[str] = set()
    for each in found:
        assert references(each) <= seen
        seen.add(each["urn"])
    left = names(found)
    assert left["NotificationChannel"] == ["prod-budgets--desk@example.com"]
    assert (left["Budget"], left["GeminiProject"]) == (["prod", "shared-all"], ["prod"])
    assert not {"Topic", "TopicIAMMember", "CustomConstraint"} & left.keys()
    [roster] = [each for each in found if each["urn"] == ROSTER]
    assert roster["inputs"] == {
        "projects": {"prod": {"projectId": "acme-prod"}},
        "sharedBudgets": {"all": []},
    }


def test_what_a_state_says_of_what_is_shared() -> None:
    found = exported()
    assert projects_in(found) == {"prod", "chat"}
    assert channels_in(found) == {
        "on@example.com": "projects/seed/notificationChannels/o",
        "desk@example.com": "projects/seed/notificationChannels/d",
    }
    assert topics_in(found) == ["spend"]
    assert constraint_in(found) == "custom.geminiRestrictedKeysProd"
