"""Projects, folders, tags, organization policies and contacts, by gcloud."""

from tests.cloud.local_cloud import FOLDER, ORGANIZATION
from tests.gcloud.runner import Gcloud

ANN = "--member=user:ann@example.com"
_FOLDER = FOLDER.removeprefix("folders/")
_ORGANIZATION = ORGANIZATION.removeprefix("organizations/")


def projects(gcloud: Gcloud) -> None:
    """A project's life."""
    made = gcloud.json(f"projects create acme-life --folder={_FOLDER} --name='Acme life' --labels=team=chat")
    assert (made["projectId"], made["labels"]) == ("acme-life", {"team": "chat"})
    found = gcloud.json("projects list --filter='labels.team=chat AND projectId:acme-*'")
    assert [each["projectNumber"] for each in found] == [made["projectNumber"]]
    assert gcloud.text(
        f"projects list --filter='parent.id={_FOLDER} AND parent.type=folder' --format='value(projectId)'"
    ).split() == [gcloud.project, "acme-life"]
    gcloud.text("projects update acme-life --name='Acme renamed'")
    gcloud.text("alpha projects update acme-life --update-labels=team=search")
    described = gcloud.json("projects describe acme-life")
    assert (described["name"], described["labels"]) == ("Acme renamed", {"team": "search"})
    above = [(each["type"], each["id"]) for each in gcloud.json("projects get-ancestors acme-life")]
    assert above == [("project", "acme-life"), ("folder", _FOLDER), ("organization", _ORGANIZATION)]
    assert gcloud.json("projects delete acme-life") == [{"projectId": "acme-life"}]
    assert gcloud.json("projects describe acme-life")["lifecycleState"] == "DELETE_REQUESTED"
    gcloud.text("projects undelete acme-life")
    assert gcloud.json("projects describe acme-life")["lifecycleState"] == "ACTIVE"
    assert "already in use" in gcloud.refused("projects create acme-life")
    assert "does not have permission" in gcloud.refused("projects describe acme-nobodys")


def project_policies(gcloud: Gcloud) -> None:
    """Bindings of a project, with and without a condition, and of what is above it."""
    add = f"projects add-iam-policy-binding {gcloud.project} {ANN}"
    gcloud.text(f"{add} --role=roles/viewer --condition=None")
    until = "expression=request.time<timestamp('2030-01-01T00:00:00Z'),title=until"
    policy = gcloud.json(f'{add} --role=roles/monitoring.viewer --condition="{until}"')
    assert policy["version"] == 3
    bindings = {
        each["role"]: each for each in gcloud.json(f"projects get-iam-policy {gcloud.project}")["bindings"]
    }
    assert bindings["roles/viewer"]["members"] == ["user:ann@example.com"]
    assert bindings["roles/monitoring.viewer"]["condition"]["title"] == "until"
    remove = f"projects remove-iam-policy-binding {gcloud.project} {ANN}"
    assert gcloud.json(f"{remove} --role=roles/monitoring.viewer --all")["bindings"] == [
        {"members": ["user:ann@example.com"], "role": "roles/viewer"}
    ]
    organization = f"organizations add-iam-policy-binding {_ORGANIZATION} {ANN}"
    gcloud.text(f"{organization} --role=roles/browser --condition=None")
    inherited = gcloud.json(f"projects get-ancestors-iam-policy {gcloud.project}")
    assert inherited[-1]["policy"]["bindings"][0]["role"] == "roles/browser"
    assert "basic role" in gcloud.refused(f'{add} --role=roles/owner --condition="{until}"')


def folders(gcloud: Gcloud) -> None:
    """A folder's life, and its policy."""
    place = f"--folder={_FOLDER}"
    name = gcloud.json(f"resource-manager folders create --display-name=team-a {place}")["name"]
    number = name.removeprefix("folders/")
    listed = gcloud.json(f"resource-manager folders list {place}")
    assert [(each["name"], each["displayName"]) for each in listed] == [(name, "team-a")]
    gcloud.text(f"resource-manager folders update {number} --display-name=team-b")
    gcloud.text(f"resource-manager folders move {number} --organization={_ORGANIZATION}")
    moved = gcloud.json(f"resource-manager folders describe {number}")
    assert (moved["displayName"], moved["parent"]) == ("team-b", ORGANIZATION)
    granted = gcloud.json(
        f"resource-manager folders add-iam-policy-binding {number} {ANN} --role=roles/browser --condition=None"
    )
    assert granted["bindings"] == [{"members": ["user:ann@example.com"], "role": "roles/browser"}]
    assert gcloud.json(f"resource-manager folders get-iam-policy {number}")["etag"] == granted["etag"]
    gcloud.text(f"resource-manager folders delete {number}")
    assert gcloud.json(f"resource-manager folders describe {number}")["lifecycleState"] == "DELETE_REQUESTED"
    gcloud.text(f"resource-manager folders undelete {number}")
    assert "not empty" in gcloud.refused(f"resource-manager folders delete {_FOLDER}")


def tags(gcloud: Gcloud) -> None:
    """A tag key, a value, and their binding to a project."""
    key, value = f"{_ORGANIZATION}/env", f"{_ORGANIZATION}/env/prod"
    project = f"--parent=//cloudresourcemanager.googleapis.com/projects/{gcloud.number}"
    made = gcloud.json(f"resource-manager tags keys create env --parent={ORGANIZATION} --description=stage")
    assert gcloud.json(f"resource-manager tags keys list --parent={ORGANIZATION}") == [made]
    assert gcloud.json(f"resource-manager tags keys describe {key}") == made
    prod = gcloud.json(f"resource-manager tags values create prod --parent={key}")
    assert prod["namespacedName"] == value
    updated = gcloud.json(f"resource-manager tags values update {value} --description=live")
    assert updated["description"] == "live"
    gcloud.text(f"resource-manager tags bindings create --tag-value={value} {project}")
    [bound] = gcloud.json(f"resource-manager tags bindings list {project}")
    assert bound["tagValue"] == prod["name"]
    [effective] = gcloud.json(f"resource-manager tags bindings list {project} --effective")
    assert effective["namespacedTagValue"] == value
    assert "FAILED_PRECONDITION" in gcloud.refused(f"resource-manager tags values delete {value}")
    gcloud.text(f"resource-manager tags bindings delete --tag-value={value} {project}")
    gcloud.text(f"resource-manager tags values delete {value}")
    gcloud.text(f"resource-manager tags keys delete {key}")
    assert gcloud.json(f"resource-manager tags keys list --parent={ORGANIZATION}") == []


def organization_policies(gcloud: Gcloud) -> None:
    """A policy by which APIs can be enabled."""
    project = f"--project={gcloud.project}"
    name = f"projects/{gcloud.number}/policies/gcp.restrictServiceUsage"
    policy = f"name: {name}\nspec:\n  rules:\n  - values:\n      deniedValues: [bigquery.googleapis.com]\n"
    gcloud.text("org-policies set-policy policy.yaml", **{"policy.yaml": policy})
    described = gcloud.json(f"org-policies describe gcp.restrictServiceUsage {project}")
    denied = [{"values": {"deniedValues": ["bigquery.googleapis.com"]}}]
    assert described["spec"]["rules"] == denied
    effective = gcloud.json(f"org-policies describe gcp.restrictServiceUsage {project} --effective")
    assert effective["spec"]["rules"] == denied
    assert "gcp.restrictServiceUsage" in gcloud.text(f"org-policies list {project}")
    assert "restrictServiceUsage" in gcloud.refused("services enable bigquery.googleapis.com")
    gcloud.text(f"org-policies delete gcp.restrictServiceUsage {project}")
    assert "NOT_FOUND" in gcloud.refused(f"org-policies describe gcp.restrictServiceUsage {project}")


def contacts(gcloud: Gcloud) -> None:
    """Who is notified of what: an API for whose address gcloud has no setting."""
    made = gcloud.json(
        "essential-contacts create --email=ann@example.com --notification-categories=billing --language=en"
    )
    number = made["name"].rpartition("/")[2]
    assert gcloud.json("essential-contacts list") == [made]
    changed = gcloud.json(f"essential-contacts update {number} --notification-categories=billing,security")
    assert changed["notificationCategorySubscriptions"] == ["BILLING", "SECURITY"]
    assert gcloud.json("essential-contacts compute --notification-categories=security") == [changed]
    assert gcloud.json(f"essential-contacts describe {number}") == changed
    gcloud.text(f"essential-contacts delete {number}")
    assert gcloud.json("essential-contacts list") == []


def older_organization_policies(gcloud: Gcloud) -> None:
    """Organization policies by the commands that were there first."""
    policies, where = "resource-manager org-policies", f"--project={gcloud.project}"
    switch, values = "iam.disableServiceAccountKeyCreation", "gcp.resourceLocations"
    gcloud.text(f"{policies} enable-enforce {switch} {where}")
    assert gcloud.json(f"{policies} describe {switch} {where}")["booleanPolicy"] == {"enforced": True}
    gcloud.text("iam service-accounts create keyless")
    account = f"keyless@{gcloud.project}.iam.gserviceaccount.com"
    refused = f"iam service-accounts keys create key.json --iam-account={account}"
    assert "Key creation is not allowed" in gcloud.refused(refused)
    gcloud.text(f"{policies} disable-enforce {switch} {where}")
    gcloud.text(f"{policies} allow {values} in:eu-locations --folder={_FOLDER}")
    gcloud.text(f"{policies} deny {values} in:us-locations {where}")
    shown = gcloud.json(f"{policies} describe {values} {where}")["listPolicy"]
    assert shown["deniedValues"] == ["in:us-locations"]
    listed = gcloud.json(f"{policies} list {where}")
    assert sorted(each["constraint"] for each in listed) == [f"constraints/{values}", f"constraints/{switch}"]
    assert len(gcloud.json(f"{policies} list {where} --show-unset")) > len(listed)
    gcloud.text(f"{policies} delete {values} {where}")
    inherited = gcloud.json(f"{policies} describe {values} {where} --effective")["listPolicy"]
    assert inherited["allowedValues"] == ["in:eu-locations"]


def assets(gcloud: Gcloud) -> None:
    """What there is in an organization, and who may what on it."""
    gcloud.text("services enable cloudasset.googleapis.com")
    gcloud.text(
        f"projects add-iam-policy-binding {gcloud.project} {ANN} --role=roles/viewer --condition=None"
    )
    scope = f"--scope=folders/{_FOLDER}"
    project = "--asset-types=cloudresourcemanager.googleapis.com/Project"
    found = gcloud.json(f"asset search-all-resources {scope} {project}")
    assert gcloud.project in [each["name"].rpartition("/")[2] for each in found]
    bindings = gcloud.json(f"asset search-all-iam-policies {scope} --query='policy:ann@example.com'")
    assert [each["policy"]["bindings"][0]["role"] for each in bindings] == ["roles/viewer"]
