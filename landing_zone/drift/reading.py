"""What drift asks Google beside `landing_zone.audit.in_force`: whether projects are there, and grants of others."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, TypeVar

from landing_zone.audit import in_force
from landing_zone.audit.applied import AppliedProject, AppliedStack
from landing_zone.audit.in_force import StackInForce
from landing_zone.audit.unread import Unread
from landing_zone.drift import effects
from landing_zone.drift.difference import NOT_OURS, STACK, Difference
from landing_zone.drift.names_at_google import project_of
from landing_zone.drift.own_reading import own_differences
from landing_zone.drift.state import PROJECT, State, written_at
from landing_zone.google import guard_record
from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.rest import Google
from landing_zone.guarding.as_json import UnreadableError
from landing_zone.guarding.policy import Policy

_AT_ONCE: Final = 16
_ACTIVE: Final = "ACTIVE"
_GET: Final = (
    "resourcemanager.projects.get (roles/browser), and check the id: the project may not exist any more"
)
_TOPIC_POLICY: Final = "pubsub.topics.getIamPolicy (roles/iam.securityReviewer)"
_PROJECT_POLICY: Final = "resourcemanager.projects.getIamPolicy (roles/browser)"
_POLICY_OBJECT: Final = "storage.objects.get (roles/storage.objectViewer on the guard's bucket)"
_TOPIC: Final = "gcp:pubsub/topic:Topic"
_TOPIC_MEMBER: Final = "gcp:pubsub/topicIAMMember:TopicIAMMember"
_MEMBER: Final = "gcp:projects/iAMMember:IAMMember"
_ACCOUNT: Final = "gcp:serviceaccount/account:Account"

_T = TypeVar("_T")


@dataclass
class Reading:
    """What was read at Google."""

    differences: list[Difference] = field(default_factory=list)
    policies: dict[str, Policy] = field(default_factory=dict)
    """The guard's, in its bucket, by the project's name."""
    disabled: set[str] = field(default_factory=set)
    """Names of the service accounts that the guard disabled."""
    unread: list[str] = field(default_factory=list)


def absent_projects(
    google: Google, applied: AppliedStack, state: State
) -> tuple[dict[str, Difference | None], list[str]]:
    """The projects that are not there, by name: with the difference that this is, or None if it is not known; and why.

    Of a project that is absent nothing else is read: every read would fail, each with another reason. Raises
    NoAnswerError.
    """
    unread = Unread()

    def lifecycle(project: AppliedProject) -> str:
        path = f"projects/{project.project_id}"
        try:
            found = google.call("cloudresourcemanager", "GET", path)
        except NoAnswerError:
            raise
        except GoogleError as error:
            unread.note(f"project {project.project_id}", _GET, error)
            return ""
        return str(found.get("lifecycleState", _ACTIVE))

    found: dict[str, Difference | None] = {}
    states = _side_by_side(google, lifecycle, applied.projects.values())
    for project, lifecycle_state in zip(applied.projects.values(), states, strict=True):
        if lifecycle_state == _ACTIVE:
            continue
        found[project.name] = _absent(project, lifecycle_state, state) if lifecycle_state else None
    return found, list(unread)


def _absent(project: AppliedProject, lifecycle: str, state: State) -> Difference:
    resource = state.find(PROJECT, project.name)
    project_id = project.project_id
    return Difference(
        project.name,
        "project",
        project_id,
        "lifecycle",
        _ACTIVE,
        lifecycle,
        f"project {project_id} is being deleted ({lifecycle}): nothing in it works; within 30 days gcloud projects "
        f"undelete {project_id} takes it back",
        (f"projects/{project_id}",),
        written_at(resource),
        (resource or {}).get("urn", ""),
        effect=effects.project_gone(project.name),
    )


def read(google: Google, applied: AppliedStack, state: State) -> Reading:
    """Everything but what the plugins read, of projects that are there."""
    found = Reading()
    unread = Unread()
    in_forces: StackInForce = in_force.read(google, applied)
    found.differences += own_differences(in_forces, state)
    found.disabled = {
        f"projects/{project.applied.project_id}/serviceAccounts/{email}"
        for project in in_forces.projects
        if project.found.record
        for email in project.found.record.held.accounts
    }
    # All of it was one reason for each of several things.
    found.unread += [f"{', '.join(what)}: {reason}" for reason, what in in_forces.unread.items()]
    topics = list(state.of_type(_TOPIC))
    with_accounts = [each for each in applied.projects.values() if _accounts(state, each.name)]
    guarded = [each for each in applied.projects.values() if each.guard]
    for differences in _side_by_side(google, partial(_opened_topic, google, state, unread), topics):
        found.differences += differences
    for differences in _side_by_side(google, partial(_roles, google, state, unread), with_accounts):
        found.differences += differences
    policies = _side_by_side(google, partial(_policy, google, unread), guarded)
    for project, policy in zip(guarded, policies, strict=True):
        if policy:
            found.policies[project.name] = policy
    found.unread += unread
    return found


def _side_by_side(google: Google, work: Callable[[Any], _T], items: Iterable[Any]) -> list[_T]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            return list(pool.map(work, items))
        except BaseException:
            google.stop.set()  # ends the waits of other threads
            raise


def _opened_topic(google: Google, state: State, unread: Unread, topic: Mapping[str, Any]) -> list[Difference]:
    """Grants on a topic that the stack did not make: whoever publishes there forges a budget's messages."""
    name, project = str(topic["id"]), project_of(topic)
    policy = unread.attempt(
        f"grants on {name}",
        _TOPIC_POLICY,
        partial(google.call, "pubsub", "GET", f"{name}:getIamPolicy", project=project),
        None,
    )
    own = {
        (each["inputs"].get("role"), each["inputs"].get("member"))
        for each in state.of_type(_TOPIC_MEMBER)
        if str(each["inputs"].get("topic", "")).rpartition("/")[2] == name.rpartition("/")[2]
    }
    return [
        Difference(
            STACK,
            "topic",
            name,
            NOT_OURS,
            "no such grant",
            f"{role} to {member}",
            f"topic {name.rpartition('/')[2]}: {role} is granted to {member}, not by this stack: who publishes there "
            "can send what looks like a budget's message",
            (f"{name}:setIamPolicy",),
            at=project,
        )
        for role, member in sorted(_granted(policy or {}) - own)
    ]


def _roles(google: Google, state: State, unread: Unread, project: AppliedProject) -> list[Difference]:
    """Roles of the keys' accounts in their project: calls with a key act as its account."""
    project_id = project.project_id
    policy = unread.attempt(
        f"grants on {project_id}",
        _PROJECT_POLICY,
        partial(
            google.call,
            "cloudresourcemanager.v3",
            "POST",
            f"projects/{project_id}:getIamPolicy",
            body={"options": {"requestedPolicyVersion": 3}},
            project=project_id,
            repeatable=True,
        ),
        None,
    )
    accounts = _accounts(state, project.name)
    own = {(each["inputs"].get("role"), each["inputs"].get("member")) for each in state.of_type(_MEMBER)}
    return [
        Difference(
            project.name,
            "service account",
            state.title(accounts[member]["urn"]),
            "role",
            "no role",
            role,
            f"service account of key {state.title(accounts[member]['urn'])}: it has {role}, not by this stack, and "
            "calls with the key act as it",
            (f"projects/{project_id}:setIamPolicy",),
            at=project_id,
        )
        for role, member in sorted(_granted(policy or {}) - own)
        if member in accounts
    ]


def _accounts(state: State, project: str) -> dict[str, Mapping[str, Any]]:
    """The service accounts that the stack made for a project's keys, by their names in policies."""
    return {
        str((each.get("outputs") or {}).get("member")): each
        for each in state.of_type(_ACCOUNT)
        if state.project(each["urn"]) == project
    }


def _granted(policy: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {
        (binding["role"], member)
        for binding in policy.get("bindings", [])
        for member in binding.get("members", [])
    }


def _policy(google: Google, unread: Unread, project: AppliedProject) -> Policy | None:
    """What the guard is to do in a project, by its bucket."""
    bucket = project.guard[0] if project.guard else ""

    def attempt() -> Policy | None:
        try:
            return guard_record.policy_of(google, bucket, project.project_id)
        except (UnreadableError, GoogleError) as error:
            if isinstance(error, GoogleError) and error.code != 404:
                raise
            return None  # the plugin sees that it is gone, or is another

    return unread.attempt(f"the guard's policy of {project.project_id}", _POLICY_OBJECT, attempt, None)


def without(applied: AppliedStack, names: Iterable[str]) -> AppliedStack:
    """The stack without some projects."""
    left_out = set(names)
    kept = {name: each for name, each in applied.projects.items() if name not in left_out}
    return replace(applied, projects=kept)


def urns_in(state: State, names: Iterable[str]) -> Iterator[str]:
    """The URNs of what is at Google in some projects."""
    wanted = set(names)
    return (each["urn"] for each in state.at_google if state.project(each["urn"]) in wanted)
