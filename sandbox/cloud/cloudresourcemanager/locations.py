"""The locations that services list for the tools that ask; they take any other too."""

from typing import Final

from sandbox.cloud.cloudresourcemanager import models
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.service import Call

_REGIONS: Final = ("europe-west1", "europe-west4", "us-central1", "us-east1")


def listed(call: Call) -> JsonObject:
    """The answer of `locations.list` for the project of the path."""
    project = models.require_active(call.store, call.ids[0]).project_id
    return {
        "locations": [
            {"name": f"projects/{project}/locations/{name}", "locationId": name} for name in _REGIONS
        ]
    }
