"""Resource Manager v1: what gcloud, Terraform and the official `gcp` plugin manage projects with."""

from functools import partial

from sandbox.cloud.cloudresourcemanager import liens, models
from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.core import filters, iam, operations, paging
from sandbox.cloud.core.errors import JsonObject, invalid_argument, permission_denied, unimplemented
from sandbox.cloud.core.service import Call, Handlers

handlers = Handlers()

_TYPE = "type.googleapis.com/google.cloudresourcemanager.v1"
_PARENT_KINDS = {"folder": "folders", "organization": "organizations"}


def _view(project: Project) -> JsonObject:
    view: JsonObject = {
        "projectNumber": project.number,
        "projectId": project.project_id,
        "lifecycleState": project.state,
        "name": project.name,
        "createTime": project.created,
    }
    if project.labels:
        view["labels"] = project.labels
    if project.parent:
        view["parent"] = _resource_id(project.parent)
    return view


def _resource_id(name: str) -> JsonObject:
    """`folders/5` → `{"type": "folder", "id": "5"}`."""
    kind, _, number = name.partition("/")
    return {"type": kind.removesuffix("s"), "id": number}


def _parent(body: JsonObject) -> str:
    parent = body.get("parent", {})
    if not parent.get("type") and not parent.get("id"):
        return ""
    kind = _PARENT_KINDS.get(parent.get("type", ""))
    if kind is None:
        issue = f"unsupported parent type: {parent.get('type', '')}"
        raise invalid_argument(f"field [parent] has issue [{issue}]", "parent", issue)
    return f"{kind}/{parent.get('id', '')}"


def _field(project: Project, name: str) -> str | None:
    """A field of a listing's filter."""
    parent_kind, _, parent_id = project.parent.partition("/")
    name = name.lower()
    if name.startswith("labels."):
        return project.labels.get(name.removeprefix("labels."))
    known = {
        "name": project.name,
        "displayname": project.name,
        "id": project.project_id,
        "projectid": project.project_id,
        "projectnumber": project.number,
        "lifecyclestate": project.state,
        "state": project.state,
        "createtime": project.created,
        "parent": project.parent or None,
        "parent.type": parent_kind.removesuffix("s") or None,
        "parent.id": parent_id or None,
    }
    if name not in known:
        raise invalid_argument(None, "filter", f"Projects cannot be filtered by '{name}'.")
    return known[name]


def matching(call: Call, text: str, parameter: str) -> list[Project]:
    """The projects that a listing's filter accepts and the caller may see, by number."""
    accepts = filters.parse(text, parameter)
    return [
        project
        for project in models.all_projects(call.store)
        if accepts(partial(_field, project))
        and call.may("resourcemanager.projects.get", f"projects/{project.number}")
    ]


@handlers("cloudresourcemanager.projects.create")
def create(call: Call) -> JsonObject:
    body = call.body
    if body.get("tags"):
        raise unimplemented("tags of projects")
    project = models.create_project(
        call.store,
        call.now,
        body.get("projectId", ""),
        body.get("name", ""),
        _parent(body),
        body.get("labels", {}),
    )
    iam.make_owner(call.store, call.member, f"projects/{project.number}")
    return operations.start(
        call.store,
        "operations/cp.",
        response={"@type": f"{_TYPE}.Project", **_view(project)},
        metadata={
            "@type": f"{_TYPE}.ProjectCreationStatus",
            "createTime": project.created,
            "gettable": True,
            "ready": True,
        },
    )


@handlers("cloudresourcemanager.projects.get")
def get(call: Call) -> JsonObject:
    return _view(models.require(call.store, call.ids[0]))


@handlers("cloudresourcemanager.projects.list")
def list_(call: Call) -> JsonObject:
    projects = matching(call, call.query.get("filter", ""), "filter")
    page, token = paging.requested(call.query, default=500, maximum=500).cut(
        projects, lambda item: item.number
    )
    return ({"projects": [_view(project) for project in page]} if page else {}) | token


@handlers("cloudresourcemanager.projects.update")
def update(call: Call) -> JsonObject:
    project = models.require(call.store, call.ids[0])
    body = call.body
    if body.get("projectId", project.project_id) != project.project_id:
        raise invalid_argument("field [project_id] has issue [project_id cannot be changed]", "project_id")
    return _view(
        models.change_project(
            call.store,
            call.now,
            project,
            name=body.get("name", project.name),
            labels=body.get("labels", {}),
            parent=_parent(body) or project.parent,
        )
    )


@handlers("cloudresourcemanager.projects.delete")
def delete(call: Call) -> JsonObject:
    project = models.require(call.store, call.ids[0])
    liens.require_none(call.store, project)
    models.delete_project(call.store, call.now, project)
    return {}


@handlers("cloudresourcemanager.projects.undelete")
def undelete(call: Call) -> JsonObject:
    models.undelete_project(call.store, call.now, models.require(call.store, call.ids[0]))
    return {}


@handlers("cloudresourcemanager.projects.getAncestry")
def get_ancestry(call: Call) -> JsonObject:
    project = models.require(call.store, call.ids[0])
    names = models.ancestors(call.store, f"projects/{project.project_id}")
    return {"ancestor": [{"resourceId": _resource_id(name)} for name in names]}


@handlers("cloudresourcemanager.projects.getIamPolicy")
def get_iam_policy(call: Call) -> JsonObject:
    project = models.require_active(call.store, call.ids[0])
    version = call.body.get("options", {}).get("requestedPolicyVersion", 0)
    return iam.get_policy(call.store, f"projects/{project.number}", version)


@handlers("cloudresourcemanager.projects.setIamPolicy")
def set_iam_policy(call: Call) -> JsonObject:
    project = models.require_active(call.store, call.ids[0])
    return iam.set_requested(call, f"projects/{project.number}")


@handlers("cloudresourcemanager.projects.testIamPermissions")
def test_iam_permissions(call: Call) -> JsonObject:
    return iam.permissions_held(call, f"projects/{models.require(call.store, call.ids[0]).number}")


def _node(call: Call) -> str:
    """The name of the folder or organization of the path."""
    kind = call.method.segments[1]
    return models.parent_name(call.store, kind, call.ids[0])


def get_node_policy(call: Call) -> JsonObject:
    version = call.body.get("options", {}).get("requestedPolicyVersion", 0)
    return iam.get_policy(call.store, _node(call), version)


def set_node_policy(call: Call) -> JsonObject:
    return iam.set_requested(call, _node(call))


def test_node_permissions(call: Call) -> JsonObject:
    return iam.permissions_held(call, _node(call))


def serve_policies(target: Handlers, *kinds: str) -> None:
    """The methods on the IAM policies of folders and organizations, the same in every version."""
    for kind in kinds:
        target(f"cloudresourcemanager.{kind}.getIamPolicy")(get_node_policy)
        target(f"cloudresourcemanager.{kind}.setIamPolicy")(set_node_policy)
        target(f"cloudresourcemanager.{kind}.testIamPermissions")(test_node_permissions)


serve_policies(handlers, "organizations")


@handlers("cloudresourcemanager.operations.get")
def get_operation(call: Call) -> JsonObject:
    return operations.poll(call.store, call.path["name"])


@handlers("cloudresourcemanager.organizations.get")
def get_organization(call: Call) -> JsonObject:
    organization = models.find_organization(call.store, call.ids[0])
    if organization is None:
        raise permission_denied()
    return _organization(organization)


@handlers("cloudresourcemanager.organizations.search")
def search_organizations(call: Call) -> JsonObject:
    accepts = filters.parse(call.body.get("filter", ""))
    found = [
        organization
        for organization in models.all_organizations(call.store)
        if accepts(
            {
                "domain": organization.display_name,
                "owner.directoryCustomerId": organization.directory_customer_id,
            }.get
        )
        and call.may("resourcemanager.organizations.get", f"organizations/{organization.id}")
    ]
    page, token = paging.requested(call.body, default=50, maximum=500).cut(found, lambda item: item.id)
    return ({"organizations": [_organization(organization) for organization in page]} if page else {}) | token


def _organization(organization: models.Organization) -> JsonObject:
    return {
        "name": f"organizations/{organization.id}",
        "displayName": organization.display_name,
        "owner": {"directoryCustomerId": organization.directory_customer_id},
        "creationTime": organization.created,
        "lifecycleState": models.ACTIVE,
    }
