"""What was created under another stack's name is found again by it, and by no other stack."""

import pytest

from landing_zone.google.config import GoogleConfig
from landing_zone.google.rest import Google
from landing_zone.names import STACK_LABEL, stack_label
from landing_zone.operations.natural_names import PROJECT, look_up
from landing_zone.operations.planned import Planned
from landing_zone.operations.world import NotOursError, World
from sandbox.cloud.endpoints import environment
from tests.workspace import Cloud

PULUMI_PROJECT = "gemini-landing-zone"
CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"


def labelled(stack: str) -> dict[str, str]:
    return {STACK_LABEL: stack_label(PULUMI_PROJECT, stack)}


def planned(type_: str, inputs: dict[str, object]) -> Planned:
    return Planned(f"urn:pulumi:split::{PULUMI_PROJECT}::{type_}::x", type_, {"inputs": inputs})


def test_a_project_of_a_stack_with_another_name_is_its_own_by_the_label(cloud: Cloud) -> None:
    body = {"projectId": "acme-moved", "parent": "folders/987654321098", "labels": labelled("prod")}
    cloud.call("POST", "/cloudresourcemanager/v3/projects", body)
    channels = "/monitoring/v3/projects/sandbox-seed/notificationChannels"
    channel = {"type": "email", "displayName": "on call", "labels": {"email_address": "on@example.com"}}
    made = cloud.call("POST", channels, {**channel, "userLabels": labelled("prod")})
    google = Google(GoogleConfig.read({}, environment(cloud.ready)))
    split = World(google, PULUMI_PROJECT, "split")

    project = {"projectId": "acme-moved"}
    assert look_up(split, planned(PROJECT, {**project, "labels": labelled("prod")})) == "projects/acme-moved"
    with pytest.raises(NotOursError, match="this stack did not create it"):
        look_up(split, planned(PROJECT, {**project, "labels": labelled("split")}))

    inputs = {**channel, "project": "sandbox-seed"}
    assert look_up(split, planned(CHANNEL, {**inputs, "userLabels": labelled("split")})) is None
    assert look_up(split, planned(CHANNEL, {**inputs, "userLabels": labelled("prod")})) == made["name"]
