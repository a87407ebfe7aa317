"""Resource Manager v3: the same resources as v1, named and operated on the newer way."""

from base64 import b64encode

from sandbox.cloud.cloudresourcemanager import folders, handlers_v1, liens, models
from sandbox.cloud.cloudresourcemanager.models import Folder, Organization, Project
from sandbox.cloud.core import filters, iam, masks, operations, paging
from sandbox.cloud.core.errors import JsonObject, invalid_argument, permission_denied, unimplemented
from sandbox.cloud.core.service import Call, Handlers

handlers = Handlers()
# The same in both versions.
handlers("cloudresourcemanager.projects.getIamPolicy")(handlers_v1.get_iam_policy)
handlers("cloudresourcemanager.projects.setIamPolicy")(handlers_v1.set_iam_policy)
handlers("cloudresourcemanager.projects.testIamPermissions")(handlers_v1.test_iam_permissions)
handlers("cloudresourcemanager.operations.get")(handlers_v1.get_operation)
handlers_v1.serve_policies(handlers, "folders", "organizations")

_TYPE = "type.googleapis.com/google.cloud.resourcemanager.v3"


def _etag(*parts: object) -> str:
    return b64encode("/".join(map(str, parts)).encode()).decode()


def _view(project: Project) -> JsonObject:
    view: JsonObject = {
        "name": f"projects/{project.number}",
        "projectId": project.project_id,
        "state": project.state,
        "displayName": project.name,
        "createTime": project.created,
        "updateTime": project.updated,
        "etag": _etag(project.number, project.generation),
    }
    for name, value in (
        ("parent", project.parent),
        ("labels", project.labels),
        ("deleteTime", project.deleted),
    ):
        if value:
            view[name] = value
    return view


def _folder_view(folder: Folder) -> JsonObject:
    return {
        "name": f"folders/{folder.id}",
        "parent": folder.parent,
        "displayName": folder.display_name,
        "state": folder.state,
        "createTime": folder.created,
        "updateTime": folder.updated,
        "etag": _etag(folder.id, folder.updated),
    }


def _organization_view(organization: Organization) -> JsonObject:
    return {
        "name": f"organizations/{organization.id}",
        "displayName": organization.display_name,
        "directoryCustomerId": organization.directory_customer_id,
        "state": models.ACTIVE,
        "createTime": organization.created,
        "updateTime": organization.created,
        "etag": _etag(organization.id),
    }


def _operation(call: Call, prefix: str, kind: str, project: Project) -> JsonObject:
    return operations.start(
        call.store,
        f"operations/{prefix}.",
        response={"@type": f"{_TYPE}.Project", **_view(project)},
        metadata={"@type": f"{_TYPE}.{kind}ProjectMetadata"},
    )


@handlers("cloudresourcemanager.projects.create")
def create(call: Call) -> JsonObject:
    body = call.body
    if body.get("tags"):
        raise unimplemented("tags of projects")
    project = models.create_project(
        call.store,
        call.now,
        body.get("projectId", ""),
        body.get("displayName", ""),
        body.get("parent", ""),
        body.get("labels", {}),
    )
    iam.make_owner(call.store, call.member, f"projects/{project.number}")
    return _operation(call, "cp", "Create", project)


@handlers("cloudresourcemanager.projects.get")
def get(call: Call) -> JsonObject:
    return _view(models.require(call.store, call.ids[0]))


@handlers("cloudresourcemanager.projects.list")
def list_(call: Call) -> JsonObject:
    parent = call.query.get("parent", "")
    models.require_parent(call.store, parent)
    shown = (models.ACTIVE, models.DELETE_REQUESTED) if call.query.get("showDeleted") else (models.ACTIVE,)
    return _page(
        call, [project for project in models.all_projects(call.store, parent) if project.state in shown]
    )


@handlers("cloudresourcemanager.projects.search")
def search(call: Call) -> JsonObject:
    return _page(call, handlers_v1.matching(call, call.query.get("query", ""), "query"))


def _page(call: Call, projects: list[Project]) -> JsonObject:
    page, token = paging.requested(call.query, default=100, maximum=1000).cut(
        projects, lambda item: item.number
    )
    return ({"projects": [_view(project) for project in page]} if page else {}) | token


@handlers("cloudresourcemanager.projects.patch")
def patch(call: Call) -> JsonObject:
    project = models.require(call.store, call.ids[0])
    mask = call.query.get("updateMask", "")
    paths = masks.parse(mask, call.message) if mask else masks.implied(call.body, call.message)
    refused = {path[0] for path in paths} - {"displayName", "labels"} if mask != "*" else set()
    if refused:
        raise invalid_argument(
            None, "update_mask", f"Not a field that can be updated: {', '.join(sorted(refused))}."
        )
    current = {"displayName": project.name, "labels": project.labels}
    wanted = masks.apply([path for path in paths if path[0] in current], current, call.body)
    changed = models.change_project(
        call.store, call.now, project, name=wanted.get("displayName", ""), labels=wanted.get("labels", {})
    )
    return _operation(call, "up", "Update", changed)


@handlers("cloudresourcemanager.projects.move")
def move(call: Call) -> JsonObject:
    project = models.require(call.store, call.ids[0])
    destination = call.body.get("destinationParent", "")
    models.require_parent(call.store, destination)
    return _operation(
        call, "mp", "Move", models.change_project(call.store, call.now, project, parent=destination)
    )


@handlers("cloudresourcemanager.projects.delete")
def delete(call: Call) -> JsonObject:
    project = models.require(call.store, call.ids[0])
    liens.require_none(call.store, project)
    return _operation(call, "dp", "Delete", models.delete_project(call.store, call.now, project))


@handlers("cloudresourcemanager.projects.undelete")
def undelete(call: Call) -> JsonObject:
    project = models.require(call.store, call.ids[0])
    return _operation(call, "udp", "Undelete", models.undelete_project(call.store, call.now, project))


@handlers("cloudresourcemanager.folders.create")
def create_folder(call: Call) -> JsonObject:
    return folder_operation(call, "CreateFolder", new_folder(call, call.body.get("parent", "")))


def new_folder(call: Call, parent: str) -> JsonObject:
    """Create the folder that the body describes."""
    return _folder_view(models.create_folder(call.store, call.now, parent, call.body.get("displayName", "")))


def folder_after(call: Call, verb: str) -> JsonObject:
    """Carry out a call that changes the folder of the path; returns the folder."""
    folder = folders.require(call.store, call.ids[0])
    if verb == "patch":
        name = call.body.get("displayName", folder.display_name)
        return _folder_view(folders.rename(call.store, call.now, folder, name))
    if verb == "move":
        destination = call.body.get("destinationParent", "")
        return _folder_view(folders.move(call.store, call.now, folder, destination))
    change = {"delete": folders.delete, "undelete": folders.undelete}[verb]
    return _folder_view(change(call.store, call.now, folder))


def folder_operation(call: Call, kind: str, folder: JsonObject) -> JsonObject:
    """The operation of a change of a folder; `kind` names its metadata (`MoveFolder`)."""
    about = (
        {key: folder[key] for key in ("displayName", "parent")}
        if kind in ("CreateFolder", "MoveFolder")
        else {}
    )
    return operations.start(
        call.store,
        "operations/fc.",
        response={"@type": f"{_TYPE}.Folder", **folder},
        metadata={"@type": f"{_TYPE}.{kind}Metadata", **about},
    )


@handlers(*(f"cloudresourcemanager.folders.{verb}" for verb in ("patch", "move", "delete", "undelete")))
def change_folder(call: Call) -> JsonObject:
    verb = call.method.id.rpartition(".")[2]
    kind = {"patch": "Update"}.get(verb, verb.capitalize())
    return folder_operation(call, f"{kind}Folder", folder_after(call, verb))


@handlers("cloudresourcemanager.folders.get")
def get_folder(call: Call) -> JsonObject:
    return _folder_view(folders.require(call.store, call.ids[0]))


@handlers("cloudresourcemanager.folders.list")
def list_folders(call: Call) -> JsonObject:
    return folders_below(call, call.query)


def folders_below(call: Call, request: JsonObject) -> JsonObject:
    """The page of the folders directly below a parent that `request` asks for."""
    parent = request.get("parent", "")
    models.require_parent(call.store, parent)
    return _folder_page(
        [folder for folder in models.all_folders(call.store) if folder.parent == parent], request
    )


@handlers("cloudresourcemanager.folders.search")
def search_folders(call: Call) -> JsonObject:
    return folders_matching(call, call.query)


def folders_matching(call: Call, request: JsonObject) -> JsonObject:
    """The page of the folders that the `query` of `request` accepts and the caller may see."""
    accepts = filters.parse(request.get("query", ""), "query")
    found = []
    for folder in models.all_folders(call.store):
        fields = {"displayName": folder.display_name, "parent": folder.parent}
        if accepts({**fields, "state": folder.state, "lifecycleState": folder.state}.get) and call.may(
            "resourcemanager.folders.get", f"folders/{folder.id}"
        ):
            found.append(folder)
    return _folder_page(found, request)


def _folder_page(folders: list[Folder], request: JsonObject) -> JsonObject:
    page, token = paging.requested(request, default=100, maximum=1000).cut(folders, lambda item: item.id)
    return ({"folders": [_folder_view(folder) for folder in page]} if page else {}) | token


@handlers("cloudresourcemanager.organizations.get")
def get_organization(call: Call) -> JsonObject:
    organization = models.find_organization(call.store, call.ids[0])
    if organization is None:
        raise permission_denied()
    return _organization_view(organization)


@handlers("cloudresourcemanager.organizations.search")
def search_organizations(call: Call) -> JsonObject:
    accepts = filters.parse(call.query.get("query", ""), "query")
    found = [
        organization
        for organization in models.all_organizations(call.store)
        if accepts(
            {
                "domain": organization.display_name,
                "directoryCustomerId": organization.directory_customer_id,
            }.get
        )
        and call.may("resourcemanager.organizations.get", f"organizations/{organization.id}")
    ]
    page, token = paging.requested(call.query, default=50, maximum=1000).cut(found, lambda item: item.id)
    return (
        {"organizations": [_organization_view(organization) for organization in page]} if page else {}
    ) | token
