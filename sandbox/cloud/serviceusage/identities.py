"""Service agents: the accounts by which Google's services act for a project.

Source: https://cloud.google.com/iam/docs/service-agents, as of 2026-11-20, as far as the catalogue has the services.
That of budgets' messages is no project's: `billing-budget-alert@system.gserviceaccount.com` is Google's own.
"""

from collections.abc import Mapping
from typing import Final

from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.store import Store
from sandbox.cloud.iam import models as accounts

SCHEMA: Final = """
CREATE TABLE service_identities (
    project TEXT NOT NULL, service TEXT NOT NULL, unique_id TEXT NOT NULL, PRIMARY KEY (project, service)
) WITHOUT ROWID;
"""
PUBSUB: Final = "pubsub.googleapis.com"
STORAGE: Final = "storage.googleapis.com"
_AGENTS: Final[Mapping[str, str]] = {
    "aiplatform.googleapis.com": "service-{}@gcp-sa-aiplatform.iam.gserviceaccount.com",
    "artifactregistry.googleapis.com": "service-{}@gcp-sa-artifactregistry.iam.gserviceaccount.com",
    "bigquery.googleapis.com": "bq-{}@bigquery-encryption.iam.gserviceaccount.com",
    "cloudbuild.googleapis.com": "service-{}@gcp-sa-cloudbuild.iam.gserviceaccount.com",
    "cloudfunctions.googleapis.com": "service-{}@gcf-admin-robot.iam.gserviceaccount.com",
    "cloudkms.googleapis.com": "service-{}@gcp-sa-cloudkms.iam.gserviceaccount.com",
    "cloudscheduler.googleapis.com": "service-{}@gcp-sa-cloudscheduler.iam.gserviceaccount.com",
    "compute.googleapis.com": "service-{}@compute-system.iam.gserviceaccount.com",
    "dialogflow.googleapis.com": "service-{}@gcp-sa-dialogflow.iam.gserviceaccount.com",
    "eventarc.googleapis.com": "service-{}@gcp-sa-eventarc.iam.gserviceaccount.com",
    "logging.googleapis.com": "service-{}@gcp-sa-logging.iam.gserviceaccount.com",
    "monitoring.googleapis.com": "service-{}@gcp-sa-monitoring-notification.iam.gserviceaccount.com",
    PUBSUB: "service-{}@gcp-sa-pubsub.iam.gserviceaccount.com",
    "run.googleapis.com": "service-{}@serverless-robot-prod.iam.gserviceaccount.com",
    "secretmanager.googleapis.com": "service-{}@gcp-sa-secretmanager.iam.gserviceaccount.com",
    STORAGE: "service-{}@gs-project-accounts.iam.gserviceaccount.com",
}


def address(service: str, project: str) -> str:
    """The address of a service's agent in a project (by number).

    Raises:
        KeyError: the service has none.
    """
    return _AGENTS[service].format(project)


def generate(store: Store, service: str, project: str) -> JsonObject:
    """The agent of a service in a project (by number), made if it is not there yet; {} for a service that has none."""
    if service not in _AGENTS:
        return {}
    store.run(
        "INSERT OR IGNORE INTO service_identities VALUES (?, ?, ?)",
        project,
        service,
        accounts.new_unique_id(store),
    )
    unique_id = store.value(
        "SELECT unique_id FROM service_identities WHERE project = ? AND service = ?", project, service
    )
    return {"email": address(service, project), "uniqueId": unique_id}
