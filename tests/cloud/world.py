"""The local cloud without its server: the state of the first world and the clock, held."""

import asyncio
import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.cloud.billingbudgets import models as budgets
from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import chance, iam
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.timeline import Timeline
from sandbox.cloud.generativelanguage import usage
from sandbox.cloud.generativelanguage.published import MODELS
from sandbox.cloud.pubsub import messages, subscriptions
from sandbox.cloud.pubsub import models as pubsub
from sandbox.cloud.services import BEHIND, SERVICES
from tests.cloud.local_cloud import ACCOUNT, FOLDER

BEGIN = datetime(2026, 12, 1, 9, tzinfo=UTC)
"""An hour after December has begun, Pacific."""
PUBLISHER = "serviceAccount:billing-budget-alert@system.gserviceaccount.com"
TOPIC = "projects/sandbox-seed/topics/budgets"
READER = "projects/sandbox-seed/subscriptions/all"


class World:
    """A store with the first world in it, and a clock that is held."""

    def __init__(self, folder: Path, seed: int = 0, begin: datetime = BEGIN) -> None:
        every = (*SERVICES, *BEHIND)
        self.store = Store(folder / "world.db")
        self.store.parents = {kind: above for each in SERVICES for kind, above in each.parents.items()}
        self.store.prepare([each.schema for each in every], self._fill)
        self.timeline = Timeline(self.store, [each.job for each in every if each.job])
        with self.store.transaction():
            chance.set_seed(self.store, seed)
            pubsub.create_topic(self.store, TOPIC, {})
            subscriptions.create(self.store, READER, {"topic": TOPIC, "messageRetentionDuration": "2678400s"})
            role = {"role": "roles/pubsub.publisher", "members": [PUBLISHER]}
            iam.set_policy(self.store, TOPIC, {"bindings": [role]})
        asyncio.run(self.timeline.move(to=begin, held=True))

    @staticmethod
    def _fill(store: Store) -> None:
        for service in SERVICES:
            if service.seed is not None:
                service.seed(store, BEGIN)

    @property
    def now(self) -> datetime:
        """The clock's time."""
        return self.timeline.now()

    def advance(self, **by: float) -> None:
        """Move the clock."""
        asyncio.run(self.timeline.move(by=timedelta(**by)))

    def project(self, project_id: str, account: str = ACCOUNT) -> str:
        """A new project that is linked to an account; returns its number."""
        with self.store.transaction():
            made = projects.create_project(self.store, self.now, project_id, "", FOLDER, {})
            billing.link(self.store, made, f"billingAccounts/{account}")
        return made.number

    def budget(
        self, number: str, units: int, name: str = "budget", account: str = ACCOUNT, **more: Any
    ) -> str:
        """A budget of a project that publishes to `TOPIC`; returns its id."""
        body = {
            "displayName": name,
            "budgetFilter": {"projects": [f"projects/{number}"]},
            "amount": {"specifiedAmount": {"units": str(units)}},
            "thresholdRules": [{"thresholdPercent": 0.5}, {"thresholdPercent": 1.0}],
            "notificationsRule": {"pubsubTopic": TOPIC, "schemaVersion": "1.0"},
            **more,
        }
        with self.store.transaction():
            made = budgets.create(self.store, account, body)
        return str(made["name"]).rpartition("/")[2]

    def use(self, number: str, model: str = "gemini-3.8-flash", **used: Any) -> None:
        """Use of a model now, at the tier of the project's account."""
        known = MODELS[model]
        tier = billing.paid_tier(self.store, number, self.now) or 0
        with self.store.transaction():
            usage.add(
                self.store,
                number,
                self.now,
                usage.Used(known.id, known.quota_name, "GenerateContent", tier, **used),
            )

    def messages(self) -> list[dict[str, Any]]:
        """The messages of budgets so far, oldest first: `data`, read, and the rest as Pub/Sub has it."""
        with self.store.transaction():
            found = messages.pull(self.store, READER, 100_000, self.now)
            messages.acknowledge(self.store, READER, [each["ackId"] for each in found])
        return [{**each["message"], "data": json.loads(b64decode(each["message"]["data"]))} for each in found]
