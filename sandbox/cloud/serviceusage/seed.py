"""The APIs of the project that callers let their calls count against."""

from datetime import datetime

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.cloudresourcemanager.seed import PROJECT_ID
from sandbox.cloud.core.store import Store
from sandbox.cloud.serviceusage import models
from sandbox.cloud.serviceusage.catalogue import TITLES


def seed(store: Store, _: datetime) -> None:
    """Enable everything that any service of the local cloud may ask of it, and what the spend guard is made of."""
    number = projects.require(store, PROJECT_ID).number
    models.enable(store, number, list(TITLES))
