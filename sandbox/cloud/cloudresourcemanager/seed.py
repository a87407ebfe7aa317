"""The organization, its folder and the project that the callers' quota counts against."""

from datetime import datetime

from sandbox.cloud.cloudresourcemanager import models
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339

ORGANIZATION = "organizations/123456789012"
FOLDER = "folders/987654321098"
PROJECT_ID = "sandbox-seed"


def seed(store: Store, now: datetime) -> None:
    """Make them. No stack manages them."""
    organization_id = ORGANIZATION.removeprefix("organizations/")
    store.run(
        "INSERT INTO organizations VALUES (?, ?, ?, ?)",
        organization_id,
        "example.com",
        "C01234abc",
        rfc3339(now),
    )
    models.create_folder(store, now, ORGANIZATION, "gemini", FOLDER.removeprefix("folders/"))
    models.create_project(store, now, PROJECT_ID, "Sandbox seed", ORGANIZATION, {})
