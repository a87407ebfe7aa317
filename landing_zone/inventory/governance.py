"""A project's tags, contacts, organization policies, dashboards, and who may do what in it."""

from collections.abc import Mapping
from typing import Any, Final

from landing_zone.inventory.draft import Draft
from landing_zone.monitoring.dashboards import project_dashboard
from landing_zone.names import GUARD_ROLES, RESTRICTED_KEYS, STACK_LABEL
from landing_zone.settings.relations_identity import ATTRIBUTION_LABEL

_TAGS: Final = (
    "resourcemanager.projects.get and resourcemanager.tagValueBindings.list (roles/resourcemanager.tagViewer)"
)
_CONTACTS: Final = "essentialcontacts.contacts.list (roles/essentialcontacts.viewer)"
_POLICIES: Final = "orgpolicy.policies.list (roles/orgpolicy.policyViewer)"
_DASHBOARDS: Final = "monitoring.dashboards.list (roles/monitoring.viewer)"
_GRANTS: Final = "resourcemanager.projects.getIamPolicy (roles/iam.securityReviewer)"


def read_tags(draft: Draft) -> None:
    """Read the tag values that are bound to the project itself."""
    parent = f"//cloudresourcemanager.googleapis.com/projects/{draft.number}"
    listed = draft.listed(
        "tags", _TAGS, "cloudresourcemanager.v3", "tagBindings", "tagBindings", {"parent": parent}
    )
    for each in listed or ():
        if value := each.get("tagValue"):
            draft.settings.setdefault("tags", []).append(value)
            draft.found("TagBinding", "tags", each["name"])


def read_contacts(draft: Draft) -> None:
    """Read the essential contacts of the project itself."""
    path = f"projects/{draft.id}/contacts"
    for each in draft.listed("essential contacts", _CONTACTS, "essentialcontacts", path, "contacts") or ():
        language = each.get("languageTag", "")
        if not language:
            draft.left_out.append(
                f"contact {each.get('email', '')}: it has no language, and a stack writes one to each"
            )
            continue
        contact = {
            "email": each.get("email", ""),
            "categories": each.get("notificationCategorySubscriptions", []),
            "language": language,
        }
        draft.settings.setdefault("contacts", []).append(contact)
        draft.found("Contact", "contacts", each["name"])


def read_policies(draft: Draft) -> None:
    """Read the organization policies that are set on the project itself."""
    path = f"projects/{draft.id}/policies"
    for each in draft.listed("organization policies", _POLICIES, "orgpolicy", path, "policies") or ():
        name = each["name"].rpartition("/")[2]
        if not name.startswith(RESTRICTED_KEYS) or name != _own_constraint(draft):
            draft.left_out.append(f"organization policy {name}: no setting makes it")
        elif not _enforces(each):
            draft.left_out.append(
                f"organization policy {name}: it does more or less than forbidUnrestrictedKeys"
            )
        elif not draft.environment.get("organization"):
            draft.left_out.append(
                f"organization policy {name}: write gemini-landing-zone:organization, in which its constraint is, and "
                "forbidUnrestrictedKeys: true"
            )
        else:
            draft.settings["forbidUnrestrictedKeys"] = True
            draft.found("Policy", "forbidUnrestrictedKeys", f"projects/{draft.id}/policies/{name}")


def _own_constraint(draft: Draft) -> str:
    """The name of the stack's own constraint, from the value of its label, which ends with a digest."""
    stack = draft.label.rpartition("-")[0]
    return RESTRICTED_KEYS + "".join(part.capitalize() for part in stack.replace("_", "-").split("-"))


def _enforces(policy: Mapping[str, Any]) -> bool:
    """True if it is as the stack makes it."""
    spec = {name: value for name, value in policy.get("spec", {}).items() if value and name not in _OF_GOOGLE}
    return spec == {"rules": [{"enforce": True}]} and not policy.get("dryRunSpec")


_OF_GOOGLE: Final = ("etag", "updateTime")


def read_dashboards(draft: Draft) -> None:
    """Read the dashboards: the settings have the one that a stack makes."""
    path = f"v1/projects/{draft.id}/dashboards"
    wanted = project_dashboard(draft.id, draft.settings.get("billingAccount"))
    for each in draft.listed("dashboards", _DASHBOARDS, "monitoring", path, "dashboards") or ():
        title = each.get("displayName", "")
        if not draft.settings.get("dashboard") and _without_computed(each, wanted) == wanted:
            draft.settings["dashboard"] = True
            draft.found("Dashboard", "dashboard", each["name"])
        elif title == wanted["displayName"]:
            draft.left_out.append(f"dashboard {title}: it is not as a stack makes it")
        else:
            draft.left_out.append(
                f"dashboard {title}: people made it, and the settings have a stack's own alone"
            )


def _without_computed(held: Any, wanted: Any) -> Any:
    """What Google has, without what it adds by itself."""
    if isinstance(held, Mapping) and isinstance(wanted, Mapping):
        return {
            name: _without_computed(value, wanted[name]) for name, value in held.items() if name in wanted
        }
    if isinstance(held, list) and isinstance(wanted, list) and len(held) == len(wanted):
        return [_without_computed(*pair) for pair in zip(held, wanted, strict=True)]
    return held


def read_grants(draft: Draft) -> None:
    """Find out whether a guard acts in the project, and say that IAM stays as it is."""
    policy = draft.read(
        "IAM",
        _GRANTS,
        lambda: draft.google.call(
            "cloudresourcemanager",
            "POST",
            f"projects/{draft.id}:getIamPolicy",
            body={},
            project=draft.id,
            repeatable=True,
        ),
    )
    roles = sorted({each["role"] for each in (policy or {}).get("bindings", [])})
    others = [role for role in roles if not role.rpartition("/")[2].startswith(GUARD_ROLES)]
    if others:
        draft.left_out.append(
            f"IAM members of {', '.join(others)}: a stack grants nobody a role in a project"
        )
    defaults = draft.environment.get("defaults")
    if draft.settings["tier"] == "paid" and isinstance(defaults, Mapping) and defaults.get("guard"):
        # Where IAM may not be read, a project of the stack's own is as its defaults say.
        draft.keeps_guard = others != roles or (policy is None and draft.own)
        if not draft.keeps_guard:
            draft.settings["guard"] = False


def leave_labels(draft: Draft, labels: Mapping[str, str]) -> None:
    """Say that the labels of an adopted project stay as they are."""
    names = sorted(labels.keys() - {ATTRIBUTION_LABEL})
    if STACK_LABEL in labels:
        draft.left_out.append(
            f"label {STACK_LABEL}: {labels[STACK_LABEL]}: another stack created the project, and may still manage it"
        )
        names.remove(STACK_LABEL)
    if names:
        draft.left_out.append(f"labels {', '.join(names)}: those of an adopted project are not managed")
