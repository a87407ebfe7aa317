"""Reads projects, many side by side: each gets an entry for the stack file, and a list of what no setting can say."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote

from landing_zone.audit.unread import Unread
from landing_zone.google import tiers
from landing_zone.google.rest import Google, Json
from landing_zone.google.tiers import FoundTier
from landing_zone.inventory.alerts import read_alerts
from landing_zone.inventory.budgets import describe_budget, own_budget
from landing_zone.inventory.check import check
from landing_zone.inventory.draft import Draft, Resource, read_or_note
from landing_zone.inventory.governance import (
    leave_labels,
    read_contacts,
    read_dashboards,
    read_grants,
    read_policies,
    read_tags,
)
from landing_zone.inventory.identity import describe_created
from landing_zone.inventory.keys import read_keys
from landing_zone.inventory.limits import read_limits
from landing_zone.inventory.names import unique
from landing_zone.inventory.shared import Shared
from landing_zone.names import STACK_LABEL

_AT_ONCE: Final = 16
"""Projects that are read side by side."""
_GET: Final = "resourcemanager.projects.get (roles/browser), and check the id: the project may not exist"
_TIER: Final = "cloudquotas.quotas.get (roles/cloudquotas.viewer)"
_SERVICES: Final = "serviceusage.services.list (roles/serviceusage.serviceUsageViewer)"
_CHANNELS: Final = "monitoring.notificationChannels.list (roles/monitoring.viewer) in notificationProject"
_BUDGETS: Final = "billing.budgets.list (roles/billing.viewer on the billing account)"
_LINK: Final = "resourcemanager.projects.get (roles/browser)"


@dataclass(frozen=True)
class Inventory:
    """A project's settings, and what no setting can express."""

    name: str
    """The name in the stack file: the given one, else that of the stack which created the keys, else the id."""
    project_id: str
    settings: Json
    """Its entry below `projects`; empty if the project cannot be taken over, for the reason in `left_out`."""
    left_out: list[str] = field(default_factory=list)
    """One line for each thing that stays as it is, with the reason."""
    resources: list[Resource] = field(default_factory=list)
    """What the settings describe."""


def of_projects(
    google: Google,
    ids: Sequence[str],
    stack_label: str,
    *,
    names: Mapping[str, str] | None = None,
    taken: Collection[str] = (),
    environment: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Inventory]:
    """Read projects by their ids, in this order. It changes nothing.

    Args:
        stack_label: the value of the label on what the stack creates: a project with it is the stack's own, and any
            other is adopted.
        names: project id → its name in the stack file, instead of the one found.
        taken: names that the stack file has for other projects.
        environment: the values of the stack file, without the namespace.
        progress: is called with the number of projects that are read, and of all.

    Raises:
        NoAnswerError: an API does not answer.
        CredentialsError: there are no credentials.
    """
    google.config.open_credentials()
    shared = Shared(google, stack_label, environment or {})
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        asked = [pool.submit(_read, shared, each, (names or {}).get(each, "")) for each in dict.fromkeys(ids)]
        try:
            for done, future in enumerate(as_completed(asked), 1):
                future.result()
                if progress:
                    progress(done, len(asked))
        except BaseException:
            # Ends the waits of the other threads.
            google.stop.set()
            raise
    return list(_named((each.result() for each in asked), set(taken)))


def _named(inventories: Iterable[Inventory], taken: set[str]) -> Iterator[Inventory]:
    """With a name for each that no other has."""
    for each in inventories:
        name = unique(each.name, taken) if each.name else ""
        taken.add(name)
        yield replace(each, name=name)


def _read(shared: Shared, project: str, name: str) -> Inventory:
    google, lines = shared.google, Unread()
    found = read_or_note(
        lines,
        "project",
        _GET,
        lambda: google.call(
            "cloudresourcemanager", "GET", f"projects/{quote(project, safe=':')}", project=project
        ),
    )
    if found is None:
        return Inventory("", project, {}, lines)
    if found.get("lifecycleState") != "ACTIVE":
        return Inventory("", project, {}, ["project: it is being deleted"])
    project = found["projectId"]
    link = read_or_note(
        lines,
        "billing link",
        _LINK,
        lambda: google.call("cloudbilling", "GET", f"projects/{project}/billingInfo", project=project),
    )
    if link is None:
        return Inventory("", project, {}, lines)
    draft = Draft(
        google,
        project,
        str(found["projectNumber"]),
        bool(shared.label) and (found.get("labels") or {}).get(STACK_LABEL) == shared.label,
        shared.label,
        environment=shared.environment,
    )
    _describe(draft, shared, found, link, name)
    return Inventory(draft.name, project, draft.settings, draft.left_out, draft.resources)


def _describe(draft: Draft, shared: Shared, project: Json, link: Json, name: str) -> None:
    settings, account = draft.settings, link.get("billingAccountName", "").removeprefix("billingAccounts/")
    settings["projectId"] = draft.id
    draft.found("Project", "", f"projects/{draft.id}")
    if draft.own:
        settings["tier"] = "paid" if account else "free"
        describe_created(draft, project)
    else:
        settings |= {"adopt": True, "tier": "paid" if account else "free"}
        draft.found("ProjectInfo", "billingAccount", f"projects/{draft.id}")
        leave_labels(draft, project.get("labels") or {})
    if account:
        settings["billingAccount"] = account
    if account:
        _wait_for_tier(draft, bool(link.get("billingEnabled")))
    enabled = _enabled(draft)
    read_keys(draft, name)
    read_grants(draft)
    draft.host_channels = draft.read("channels of budgets", _CHANNELS, shared.host_channels)
    budgets = (
        draft.read("budgets", _BUDGETS, lambda: shared.budgets(account, draft.id, draft.number))
        if account
        else None
    )
    chosen = own_budget(draft, budgets or [])
    read_alerts(draft, chosen)
    describe_budget(draft, budgets or [], chosen)
    if account and not draft.own:
        settings.setdefault("budget", False)
    read_limits(draft)
    read_tags(draft)
    read_contacts(draft)
    read_policies(draft)
    read_dashboards(draft)
    check(draft, enabled)


def _wait_for_tier(draft: Draft, linked: bool) -> None:
    """Have no update wait for paid limits that Google does not apply now."""
    tier = draft.read("tier", _TIER, lambda: tiers.tier_of(draft.google, draft.id, linked))
    if tier is None or not FoundTier(tier, linked).is_paid:
        draft.settings["tierWait"] = None
        if tier is not None:
            draft.left_out.append(
                f"tierWait: the project is linked, and Google applies tier {tier} now: no update waits for the paid one"
            )


def _enabled(draft: Draft) -> frozenset[str] | None:
    query = {"filter": "state:ENABLED", "pageSize": "200"}
    path = f"projects/{draft.id}/services"
    listed = draft.listed("enabled APIs", _SERVICES, "serviceusage", path, "services", query)
    return None if listed is None else frozenset(each["name"].rpartition("/")[2] for each in listed)
