"""Tests of another project's program, which stops Gemini when a budget's money is spent."""

from datetime import timedelta

import pytest
import requests
from google.cloud import billing_v1
from google.oauth2.credentials import Credentials

from sandbox.pytest_plugin import LocalGcloud

PROJECT = "acme-shop-test"
ACCOUNT = "billingAccounts/01A2B3-C4D5E6-F7A8B9"


def unlink(client: billing_v1.CloudBillingClient, project: str) -> None:
    """The program: take a project off its billing account."""
    client.update_project_billing_info(
        name=f"projects/{project}", project_billing_info=billing_v1.ProjectBillingInfo()
    )


@pytest.fixture
def client(local_gcloud: LocalGcloud) -> billing_v1.CloudBillingClient:
    """A client of Google's, of the local cloud with one project that is linked to a billing account."""
    client = billing_v1.CloudBillingClient(
        transport="rest",
        client_options={"api_endpoint": local_gcloud.url("cloudbilling")},
        credentials=Credentials(local_gcloud.token),
    )
    made = requests.post(
        f"{local_gcloud.url('cloudresourcemanager')}/v3/projects",
        json={"projectId": PROJECT, "parent": "folders/987654321098"},
        headers={"Authorization": f"Bearer {local_gcloud.token}"},
        timeout=10,
    )
    assert made.ok
    client.update_project_billing_info(
        name=f"projects/{PROJECT}",
        project_billing_info=billing_v1.ProjectBillingInfo(billing_account_name=ACCOUNT),
    )
    return client


def test_a_project_is_taken_off_its_account(client: billing_v1.CloudBillingClient) -> None:
    unlink(client, PROJECT)
    assert not client.get_project_billing_info(name=f"projects/{PROJECT}").billing_enabled


def test_an_answer_that_is_lost_does_no_harm(
    client: billing_v1.CloudBillingClient, local_gcloud: LocalGcloud
) -> None:
    with (
        local_gcloud.faults({"cut": "after", "method": "cloudbilling.projects.updateBillingInfo"}),
        pytest.raises(requests.ConnectionError),
    ):
        unlink(client, PROJECT)
    unlink(client, PROJECT)
    assert not client.get_project_billing_info(name=f"projects/{PROJECT}").billing_enabled


def test_a_read_is_stale_for_some_seconds(
    client: billing_v1.CloudBillingClient, local_gcloud: LocalGcloud
) -> None:
    local_gcloud.clock.hold()
    with local_gcloud.times({"staleSeconds": 5, "method": "cloudbilling.projects.getBillingInfo"}):
        unlink(client, PROJECT)
        assert client.get_project_billing_info(name=f"projects/{PROJECT}").billing_enabled
        local_gcloud.clock.move(timedelta(seconds=5))
        assert not client.get_project_billing_info(name=f"projects/{PROJECT}").billing_enabled


def test_each_test_has_a_world_of_its_own(
    client: billing_v1.CloudBillingClient, local_gcloud: LocalGcloud
) -> None:
    assert client.get_project_billing_info(name=f"projects/{PROJECT}").billing_enabled
    assert len(local_gcloud.requests()) == 3  # two of the fixture's, and this test's one


def test_a_month_passes_in_a_moment(local_gcloud: LocalGcloud) -> None:
    before = local_gcloud.clock.now
    local_gcloud.clock.hold()
    local_gcloud.clock.move(timedelta(days=30))
    assert local_gcloud.clock.now - before >= timedelta(days=30)
