"""Enabled services, overrides of quotas, and spend caps."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from sandbox.cloud.billingbudgets import models as budgets
from sandbox.cloud.billingbudgets import spend_caps
from sandbox.cloud.serviceusage.catalogue import LIMITS
from tests.cloud.fuzz.furnished import GEMINI, PROJECT
from tests.cloud.local_cloud import ACCOUNT
from tests.cloud.properties.machine import CloudMachine, Read, small

_USAGE = "serviceusage"
_MODELS = ("gemini-2.5-pro", "gemini-2.5-flash", "")
_LIMIT = next(
    each for each in LIMITS if each.metric.endswith("generate_requests_per_model") and "/min/" in each.name
)
_AT = (
    f"v1beta1/projects/{PROJECT}/services/{GEMINI}/consumerQuotaMetrics/{quote(_LIMIT.metric, safe='')}"
    f"/limits/{quote(_LIMIT.name, safe='')}"
)
_BUDGETS = f"v1/billingAccounts/{ACCOUNT}/budgets"
_CAP = {
    "displayName": "cap",
    "spendCap": {"inputState": "CONFIGURED"},
    "budgetFilter": {
        "projects": [f"projects/{PROJECT}"],
        "services": ["services/AEFD-7695-64FA"],
        "creditTypesTreatment": "EXCLUDE_ALL_CREDITS",
    },
    "amount": {"specifiedAmount": {"units": "20"}},
    "thresholdRules": [{"thresholdPercent": share} for share in (0.5, 0.8, 1.0)],
    "notificationsRule": {"enableProjectLevelRecipients": True},
}
_SERVICES = ("bigquery.googleapis.com", "dialogflow.googleapis.com", "eventarc.googleapis.com")


class OverridesMachine(CloudMachine):
    """An override is never above the limit that it lowers, and each model has one."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, int] = {}
        """By model; "" for all."""
        self.names: dict[str, str] = {}
        self.enabled: set[str] = set()

    @initialize()
    def begin(self) -> None:
        """See what is there."""
        for each in self.listed(_USAGE, f"{_AT}/consumerOverrides", "overrides"):
            self._keep(each)
        self.enabled = self._on()

    def _on(self) -> set[str]:
        on = self.listed(_USAGE, f"v1/projects/{PROJECT}/services", "services", filter="state:ENABLED")
        return {each["config"]["name"] for each in on}

    def _keep(self, made: dict[str, Any]) -> None:
        model = made.get("dimensions", {}).get("model", "")
        self.values[model], self.names[model] = int(made.get("overrideValue", "0")), made["name"]

    def reads(self) -> list[Read]:
        """The limit with its buckets, its overrides, and the services."""
        return [
            (_USAGE, _AT),
            (_USAGE, f"{_AT}/consumerOverrides"),
            (_USAGE, f"v1/projects/{PROJECT}/services?pageSize=200"),
        ]

    @rule(
        model=st.sampled_from(_MODELS),
        share=st.sampled_from((-2, -1, 0, 1, 50, 100, 101)),
        again=st.booleans(),
    )
    def override(self, model: str, share: int, again: bool) -> None:
        """A value of 0 to the limit is taken; more, or less than nothing, is not."""
        ceiling = _LIMIT.value(model or None)
        value = share if share < 0 else ceiling * share // 100 + (share > 100)
        body = {"overrideValue": str(value), **({"dimensions": {"model": model}} if model else {})}
        known = model in self.values
        verb, path = (
            ("PATCH", f"v1beta1/{self.names[model]}")
            if known and again
            else ("POST", f"{_AT}/consumerOverrides")
        )
        if 0 <= value <= ceiling and (again or not known):
            self._keep(self.ok(_USAGE, verb, path, body, force="true"))
            self.values[model] = value
        else:
            self.refused(_USAGE, verb, path, body, force="true")

    @precondition(lambda self: self.values)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        """An override is removed once."""
        model = data.draw(st.sampled_from(sorted(self.values)))
        path = f"v1beta1/{self.names.pop(model)}"
        del self.values[model]
        self.ok(_USAGE, "DELETE", path)
        self.refused(_USAGE, "DELETE", path)

    @rule(service=st.sampled_from((*_SERVICES, "nope.googleapis.com")), on=st.booleans())
    def enable(self, service: str, on: bool) -> None:
        """A service is on or off; what is off cannot be disabled."""
        path = f"v1/projects/{PROJECT}/services/{service}:{'enable' if on else 'disable'}"
        denied = service == "nope.googleapis.com" or (on and service == "dialogflow.googleapis.com")
        if denied or (not on and service not in self.enabled):
            self.refused(_USAGE, "POST", path, {})
            return
        self.ok(_USAGE, "POST", path, {})
        self.enabled = self.enabled | {service} if on else self.enabled - {service}

    @rule(page=small)
    def walk(self, page: int) -> None:
        """Pages of any size have every service, once."""
        path = f"v1/projects/{PROJECT}/services"
        found = [each["name"] for each in self.listed(_USAGE, path, "services", page * 9)]
        assert found == [each["name"] for each in self.listed(_USAGE, path, "services")]
        assert len(found) == len({*found})

    @invariant()
    def holds(self) -> None:
        """What is in force for a model is its override, else the one for all, and never more than the limit."""
        listed = self.listed(_USAGE, f"{_AT}/consumerOverrides", "overrides")
        assert {each["name"] for each in listed} == {*self.names.values()}
        for bucket in self.ok(_USAGE, "GET", _AT)["quotaBuckets"]:
            model = bucket.get("dimensions", {}).get("model", "")
            ceiling, effective = int(bucket["defaultLimit"]), int(bucket.get("effectiveLimit", "0"))
            assert effective == min(ceiling, self.values.get(model, self.values.get("", ceiling)))
        assert self._on() == self.enabled


class CapMachine(CloudMachine):
    """A spend cap goes from state to state as Google's does, and while it is enforced nothing else of it changes."""

    empty_at = datetime(2026, 12, 31, 20, tzinfo=UTC)  # half a day before the month ends: its work takes long

    def __init__(self) -> None:
        super().__init__()
        self.state = spend_caps.CONFIGURED
        self.in_january = False
        self.begin_with(PROJECT)
        self.path = f"v1/{self.ok('billingbudgets', 'POST', _BUDGETS, _CAP)['name']}"

    def reads(self) -> list[Read]:
        """The cap."""
        return [("billingbudgets", self.path)]

    @rule(state=st.sampled_from(("CONFIGURED", "AWAITING_NEXT_PERIOD", "ENFORCED", "STATE_UNSPECIFIED")))
    def ask_for(self, state: str) -> None:
        """A cap is lifted when it is enforced, and set again; nobody enforces one by hand."""
        body = {"spendCap": {"inputState": state}}
        lifted = state == spend_caps.AWAITING and self.state == spend_caps.ENFORCED
        if state != spend_caps.CONFIGURED and not lifted:
            self.refused("billingbudgets", "PATCH", self.path, body, updateMask="spendCap")
            return
        self.ok("billingbudgets", "PATCH", self.path, body, updateMask="spendCap")
        # An enforced cap stays so when it is asked to be configured: the month's money is spent.
        if not (state == spend_caps.CONFIGURED and self.state == spend_caps.ENFORCED):
            self.state = state

    @rule(units=st.sampled_from(("5", "50")), named=st.booleans())
    def change(self, units: str, named: bool) -> None:
        """The amount changes unless the cap is enforced; the mask names the cap."""
        body = {"amount": {"specifiedAmount": {"units": units}}, "spendCap": {"inputState": "CONFIGURED"}}
        mask = "amount,spendCap" if named else "amount"
        if not named or self.state == spend_caps.ENFORCED:
            self.refused("billingbudgets", "PATCH", self.path, body, updateMask=mask)
            return
        self.ok("billingbudgets", "PATCH", self.path, body, updateMask=mask)
        self.state = spend_caps.CONFIGURED

    @rule()
    def second(self) -> None:
        """A project has one cap."""
        cap = self.ok("billingbudgets", "GET", self.path)
        body = {name: value for name, value in cap.items() if name not in ("name", "etag")}
        body["spendCap"] = {"inputState": "CONFIGURED"}
        self.refused("billingbudgets", "POST", _BUDGETS, body)

    @rule()
    def spent(self) -> None:
        """Google enforces the cap."""
        with self.cloud.store.transaction():
            budgets.set_cap(self.cloud.store, PROJECT, {"outputState": spend_caps.ENFORCED})
        self.state = spend_caps.ENFORCED

    @precondition(lambda self: not self.in_january)
    @rule()
    def month(self) -> None:
        """With the month every cap is as it was configured."""
        self.cloud.advance(to=datetime(2027, 1, 1, 20, tzinfo=UTC))
        self.in_january = True
        self.state = spend_caps.CONFIGURED

    @invariant()
    def is_in_its_state(self) -> None:
        """The cap shows the state that it was brought to."""
        assert self.ok("billingbudgets", "GET", self.path)["spendCap"]["outputState"] == self.state
