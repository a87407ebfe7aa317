"""Resource Manager v2: folders, as gcloud still asks for them."""

from sandbox.cloud.cloudresourcemanager import handlers_v1, handlers_v3
from sandbox.cloud.core import operations
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.service import Call, Handlers

handlers = Handlers()
handlers("cloudresourcemanager.operations.get")(handlers_v1.get_operation)
handlers_v1.serve_policies(handlers, "folders")

_V3_ONLY = ("updateTime", "etag")
_TYPE = "type.googleapis.com/google.cloud.resourcemanager"


def _older(folder: JsonObject) -> JsonObject:
    """A v3 folder as v2 shows it."""
    view = {key: value for key, value in folder.items() if key not in _V3_ONLY}
    view["lifecycleState"] = view.pop("state")
    return view


def _older_page(page: JsonObject) -> JsonObject:
    return {**page, "folders": [_older(folder) for folder in page["folders"]]} if "folders" in page else page


@handlers("cloudresourcemanager.folders.create")
def create(call: Call) -> JsonObject:
    folder = handlers_v3.new_folder(call, call.query.get("parent", ""))
    return _operation(call, "CREATE", folder, {"destinationParent": folder["parent"]})


@handlers("cloudresourcemanager.folders.move")
def move(call: Call) -> JsonObject:
    before = handlers_v3.get_folder(call)
    folder = handlers_v3.folder_after(call, "move")
    places = {"sourceParent": before["parent"], "destinationParent": folder["parent"]}
    return _operation(call, "MOVE", folder, places)


@handlers(*(f"cloudresourcemanager.folders.{verb}" for verb in ("patch", "delete", "undelete")))
def change(call: Call) -> JsonObject:
    return _older(handlers_v3.folder_after(call, call.method.id.rpartition(".")[2]))


def _operation(call: Call, kind: str, folder: JsonObject, about: JsonObject) -> JsonObject:
    return operations.start(
        call.store,
        "operations/fc.",
        response={"@type": f"{_TYPE}.v2.Folder", **_older(folder)},
        metadata={
            "@type": f"{_TYPE}.v2.FolderOperation",
            "displayName": folder["displayName"],
            "operationType": kind,
            **about,
        },
    )


@handlers("cloudresourcemanager.folders.get")
def get(call: Call) -> JsonObject:
    return _older(handlers_v3.get_folder(call))


@handlers("cloudresourcemanager.folders.list")
def list_(call: Call) -> JsonObject:
    return _older_page(handlers_v3.folders_below(call, call.query))


@handlers("cloudresourcemanager.folders.search")
def search(call: Call) -> JsonObject:
    return _older_page(handlers_v3.folders_matching(call, call.body))
