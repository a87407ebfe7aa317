"""What is done with one resource, and the project that all of them are in."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

import requests

from tests.workspace import Cloud

HOME = "parity-home"
SOURCE = f"{HOME}-source"
CALLER = f"caller@{HOME}.iam.gserviceaccount.com"
ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
FOLDER = "987654321098"
ORGANIZATION = "123456789012"
REGION = "europe-west4"
APIS = (
    "apikeys",
    "artifactregistry",
    "billingbudgets",
    "cloudbilling",
    "cloudbuild",
    "cloudfunctions",
    "cloudkms",
    "cloudquotas",
    "cloudresourcemanager",
    "cloudscheduler",
    "essentialcontacts",
    "generativelanguage",
    "iam",
    "monitoring",
    "orgpolicy",
    "pubsub",
    "run",
    "serviceusage",
    "storage",
)

Inputs = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Life:
    """One resource. In its texts, `$name` stands for a value of `home`, `$id` for the resource's own id."""

    type: str
    """The token without `gcp:`."""
    inputs: Inputs
    updates: tuple[Inputs, ...] = ()
    """Properties that are changed one update after another; None leaves a property out."""
    bad: tuple[Inputs, ...] = ()
    """Properties that make the inputs wrong, by themselves or to Google."""
    imported: str = "$id"
    """What `pulumi import` is given."""
    prepared: tuple[tuple[str, str, Any], ...] = ()
    """Calls to the local cloud before: method, path, body."""

    @property
    def name(self) -> str:
        """The file of its recording."""
        return self.type.partition(":")[0].replace("/", "-")


def home(cloud: Cloud) -> dict[str, str]:
    """Make the project, with what the resources need; returns its number, and the names of two tag values."""
    parent = {"type": "folder", "id": FOLDER}
    project = {"projectId": HOME, "name": "Home", "parent": parent}
    cloud.call("POST", "/cloudresourcemanager/v1/projects", project)
    number = cloud.call("GET", f"/cloudresourcemanager/v1/projects/{HOME}")["projectNumber"]
    account = {"billingAccountName": f"billingAccounts/{ACCOUNT}"}
    cloud.call("PUT", f"/cloudbilling/v1/projects/{HOME}/billingInfo", account)
    for api in APIS:
        cloud.call("POST", f"/serviceusage/v1/projects/{HOME}/services/{api}.googleapis.com:enable", {})
    cloud.call("POST", f"/iam/v1/projects/{HOME}/serviceAccounts", {"accountId": "caller"})
    cloud.call("POST", f"/storage/storage/v1/b?project={HOME}", {"name": SOURCE, "location": "EU"})
    for name in ("first", "second"):
        _upload(cloud, f"{name}.zip", f"def guard(_):\n    return '{name}'\n")
    tags = "/cloudresourcemanager/v3"
    key = cloud.call(
        "POST", f"{tags}/tagKeys", {"parent": f"organizations/{ORGANIZATION}", "shortName": "env"}
    )
    env = cloud.call("GET", f"{tags}/{key['name']}")["response"]["name"]
    made = [
        cloud.call("POST", f"{tags}/tagValues", {"parent": env, "shortName": name})
        for name in ("prod", "test")
    ]
    prod, test = (cloud.call("GET", f"{tags}/{each['name']}")["response"]["name"] for each in made)
    return {"number": str(number), "prod": prod, "test": test}


def _upload(cloud: Cloud, name: str, program: str) -> None:
    """Put an archive with a function's program into the bucket of sources."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("main.py", program)
    requests.post(
        f"http://127.0.0.1:{cloud.ready['services']['storage']}/upload/storage/v1/b/{SOURCE}/o",
        params={"uploadType": "media", "name": name},
        data=archive.getvalue(),
        headers={"Authorization": "Bearer test", "Content-Type": "application/zip"},
        timeout=30,
    ).raise_for_status()


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """The value, with names in place of `$name`."""
    if isinstance(value, str):
        return Template(value).safe_substitute(names)
    if isinstance(value, Mapping):
        return {filled(name, names): filled(item, names) for name, item in value.items()}
    return [filled(item, names) for item in value] if isinstance(value, list | tuple) else value


def merged(inputs: Inputs, change: Inputs) -> dict[str, Any]:
    """The inputs with a change; what is None is left out."""
    return {name: value for name, value in {**inputs, **change}.items() if value is not None}
