"""A guarded project, its budget's messages, and what it uses: for the tests of the guard."""

import json
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from guard.project import Project, Run
from landing_zone.google import guard_record
from landing_zone.google.rest import Google
from landing_zone.guarding.decision import Signals
from landing_zone.guarding.messages import BudgetMessage, read
from landing_zone.guarding.policy import Budget, Policy, Rate, StopStep, Throttle
from landing_zone.guarding.record import Record
from landing_zone.names import guard_policy_object
from landing_zone.pricing.metered import Spend
from tests.guard.fake_google import PER_MINUTE, PLACES, Cloud, FakeGoogle

BUCKET: Final = "acme-seed-guard-prod"
SUBSCRIPTION: Final = "projects/acme-seed/subscriptions/gemini-guard-prod"
ACCOUNT: Final = "01A2B3-C4D5E6-F7A8B9"
EMAILS: Final = ("backend@acme-chat.iam.gserviceaccount.com", "web@acme-chat.iam.gserviceaccount.com")
START: Final = "2026-11-01T07:00:00Z"
MINUTE: Final = timedelta(minutes=1)
POLICY: Final = Policy(
    stack="prod",
    name="chat",
    project="acme-chat",
    number="123",
    currency="USD",
    amount=Decimal(1000),
    budget=Budget(ACCOUNT, "b-1", "chat budget"),
    subscription=SUBSCRIPTION,
    notify=Decimal("0.5"),
    throttle=Throttle(Decimal("0.8"), Decimal("0.25")),
    stop=StopStep(Decimal(1), "both"),
    unlink=Decimal("1.5"),
    rate=Rate(Decimal(3), "throttle"),
    ten_minutes=Decimal(2),
    accounts=EMAILS,
)


def push(
    cost: object,
    published: datetime,
    *,
    subscription: str = SUBSCRIPTION,
    attributes: dict[str, str] | None = None,
    **content: Any,
) -> dict[str, Any]:
    """The body of a push with a budget's message."""
    data = {
        "budgetDisplayName": "chat budget",
        "costAmount": cost,
        "costIntervalStart": START,
        "budgetAmount": 1000.0,
        "budgetAmountType": "SPECIFIED_AMOUNT",
        "currencyCode": "USD",
        **content,
    }
    own = {"billingAccountId": ACCOUNT, "budgetId": "b-1", "schemaVersion": "1.0"}
    return {
        "message": {
            "attributes": own if attributes is None else attributes,
            "data": b64encode(json.dumps(data).encode()).decode(),
            "messageId": "1",
            "publishTime": published.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        },
        "subscription": subscription,
    }


def message(cost: object, published: datetime, **more: Any) -> BudgetMessage:
    """The same, read."""
    found = read(push(cost, published, **more))
    assert found is not None
    return found


def spent(cost: object, start: datetime, minutes: int = 1) -> Spend:
    """What some minutes cost."""
    return Spend(start, start + minutes * MINUTE, Decimal(str(cost)))


@dataclass
class World:
    """A cloud with the project in it, as an update of the stack leaves it, and guards that watch it."""

    policy: Policy = POLICY
    cloud: Cloud = field(default_factory=Cloud)
    spends: list[Spend] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cloud.disabled = dict.fromkeys(self.policy.accounts, False)
        for metric, limit in PLACES:
            # One model is limited by the stack, all others are denied on one metric and open elsewhere.
            if limit == PER_MINUTE and "tier" not in metric:
                self.cloud.overrides[metric, limit, "gemini-3.8-flash"] = 60
                self.cloud.overrides[metric, limit, ""] = 0
        self.write_policy(self.policy)

    def write_policy(self, policy: Policy) -> None:
        """What an update of the stack does."""
        self.policy = policy
        self.cloud.put(guard_policy_object(policy.project), policy.as_json())

    def look(
        self, google: Google, policy: Policy, record: Record | None, sent: BudgetMessage | None, now: datetime
    ) -> Signals:
        """What a guard sees."""
        del google, policy, record
        return Signals(tuple(each for each in self.spends if each.end <= now), now, sent)

    def guard(self, holder: str = "one") -> tuple[Project, FakeGoogle]:
        """A guard, and its client."""
        google = FakeGoogle(self.cloud)
        return Project(google, BUCKET, self.policy, holder, self.look), google

    def run(self, sent: BudgetMessage | None = None, holder: str = "one") -> Run:
        """A run of a guard that nothing disturbs."""
        return self.guard(holder)[0].run(sent)

    @property
    def record(self) -> Record:
        """What the guards have written down."""
        found = guard_record.read(FakeGoogle(self.cloud), BUCKET, self.policy.number).record
        assert found is not None
        return found

    def after(self, minutes: int) -> None:
        """Let time pass."""
        self.cloud.now += minutes * MINUTE


def steps(acts: Iterable[Any], *statuses: str) -> list[str]:
    """The steps of acts, of some statuses."""
    return [act.step for act in acts if not statuses or act.status in statuses]


def with_amount(policy: Policy, amount: object) -> Policy:
    """The policy after its amount was changed."""
    return replace(policy, amount=Decimal(str(amount)))
