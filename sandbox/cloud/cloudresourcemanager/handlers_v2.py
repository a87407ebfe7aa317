"""Resource Manager v2: folders, as gcloud still asks for them."""

from sandbox.cloud.cloudresourcemanager import handlers_v1, handlers_v3
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.service import Call, Handlers

handlers = Handlers()
handlers("cloudresourcemanager.operations.get")(handlers_v1.get_operation)
handlers_v1.serve_policies(handlers, "folders")

_V3_ONLY = ("updateTime", "etag")


def _older(folder: JsonObject) -> JsonObject:
    """A v3 folder as v2 shows it."""
    view = {key: value for key, value in folder.items() if key not in _V3_ONLY}
    view["lifecycleState"] = view.pop("state")
    return view


def _older_page(page: JsonObject) -> JsonObject:
    return {**page, "folders": [_older(folder) for folder in page["folders"]]} if "folders" in page else page


@handlers("cloudresourcemanager.folders.get")
def get(call: Call) -> JsonObject:
    return _older(handlers_v3.get_folder(call))


@handlers("cloudresourcemanager.folders.list")
def list_(call: Call) -> JsonObject:
    return _older_page(handlers_v3.folders_below(call, call.query))


@handlers("cloudresourcemanager.folders.search")
def search(call: Call) -> JsonObject:
    return _older_page(handlers_v3.folders_matching(call, call.body))
