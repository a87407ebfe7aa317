"""What a killed run made of a spend guard is found again by its natural name."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from landing_zone.google.config import GoogleConfig
from landing_zone.google.rest import Google
from landing_zone.names import STACK_LABEL, stack_label
from landing_zone.operations.natural_names import is_covered, look_up
from landing_zone.operations.natural_names_guard import LOOK_UPS, MEMBERS
from landing_zone.operations.planned import Planned
from landing_zone.operations.world import NotOursError, World
from sandbox.cloud.endpoints import environment
from tests.workspace import Cloud

PROJECT = "sandbox-seed"
WHERE = f"projects/{PROJECT}/locations/europe-west4"
OURS = {STACK_LABEL: stack_label("gemini-landing-zone", "prod")}
ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
FUNCTION = "gcp:cloudfunctionsv2/function:Function"
OBJECT = "gcp:storage/bucketObject:BucketObject"
SUBSCRIPTION = "gcp:pubsub/subscription:Subscription"
SOURCE = {"storageSource": {"bucket": "acme-guard", "object": "source.zip"}}
TARGET = {"uri": "https://guard.example.com/poll", "httpMethod": "POST"}

#: Type → its inputs, its id, and the call that creates it.
MADE: Mapping[str, tuple[Mapping[str, str], str, tuple[str, str, Any]]] = {
    FUNCTION: (
        {"project": PROJECT, "location": "europe-west4", "name": "guard"},
        f"{WHERE}/functions/guard",
        (
            "POST",
            f"/cloudfunctions/v2/{WHERE}/functions?functionId=guard",
            {
                "labels": OURS,
                "serviceConfig": {"serviceAccountEmail": f"spend-guard@{PROJECT}.iam.gserviceaccount.com"},
                "buildConfig": {"runtime": "python312", "entryPoint": "guard", "source": SOURCE},
            },
        ),
    ),
    "gcp:cloudscheduler/job:Job": (
        {"project": PROJECT, "region": "europe-west4", "name": "guard"},
        f"{WHERE}/jobs/guard",
        (
            "POST",
            f"/cloudscheduler/v1/{WHERE}/jobs",
            {"name": f"{WHERE}/jobs/guard", "schedule": "* * * * *", "httpTarget": TARGET},
        ),
    ),
    SUBSCRIPTION: (
        {"project": PROJECT, "name": "guard"},
        f"projects/{PROJECT}/subscriptions/guard",
        (
            "PUT",
            f"/pubsub/v1/projects/{PROJECT}/subscriptions/guard",
            {"topic": f"projects/{PROJECT}/topics/budgets", "labels": OURS},
        ),
    ),
}


def planned(type_: str, inputs: Mapping[str, str]) -> Planned:
    return Planned(f"urn:pulumi:prod::gemini-landing-zone::{type_}::x", type_, {"inputs": inputs})


def prepare(cloud: Cloud) -> None:
    """What they need of the project: APIs that cost money, a topic, and a bucket with an archive."""
    account = {"billingAccountName": f"billingAccounts/{ACCOUNT}"}
    cloud.call("PUT", f"/cloudbilling/v1/projects/{PROJECT}/billingInfo", account)
    services = ("artifactregistry", "cloudbuild", "cloudfunctions", "cloudscheduler", "run")
    ids = [f"{name}.googleapis.com" for name in services]
    cloud.call("POST", f"/serviceusage/v1/projects/{PROJECT}/services:batchEnable", {"serviceIds": ids})
    cloud.call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "spend-guard"})
    cloud.call("PUT", f"/pubsub/v1/projects/{PROJECT}/topics/budgets", {})
    cloud.call("POST", f"/storage/storage/v1/b?project={PROJECT}", {"name": "acme-guard"})


def upload(cloud: Cloud, name: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("main.py", "def guard(request):\n    return ''\n")
    requests.post(
        f"http://127.0.0.1:{cloud.ready['services']['storage']}/upload/storage/v1/b/acme-guard/o",
        params={"uploadType": "media", "name": name},
        data=archive.getvalue(),
        headers={"Authorization": "Bearer test", "Content-Type": "application/zip"},
        timeout=30,
    ).raise_for_status()


def test_each_type_is_found_once_it_is_there(cloud: Cloud) -> None:
    prepare(cloud)
    world = World(Google(GoogleConfig.read({}, environment(cloud.ready))), "gemini-landing-zone", "prod")
    entry = {"bucket": "acme-guard", "name": "source.zip"}
    assert look_up(world, planned(OBJECT, entry)) is None
    upload(cloud, "source.zip")
    assert look_up(world, planned(OBJECT, entry)) == "acme-guard-source.zip"
    for type_, (inputs, id_, call) in MADE.items():
        assert look_up(world, planned(type_, inputs)) is None, type_
        cloud.call(*call)
        assert look_up(world, planned(type_, inputs)) == id_, type_
    assert {OBJECT, *MADE} == LOOK_UPS.keys()
    assert all(is_covered(type_) for type_ in MEMBERS)

    # Those of another stack are not this one's.
    other = World(world.google, "gemini-landing-zone", "dev")
    for type_ in (FUNCTION, SUBSCRIPTION):
        with pytest.raises(NotOursError, match="exists, and this stack did not create it"):
            look_up(other, planned(type_, MADE[type_][0]))
