"""Alerts on a project's use of the Gemini API (errors, refusals, tokens, pace, decoy keys) and on its quotas."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NotRequired, TypedDict

import pulumi
from pulumi_gcp import monitoring

from components.base import Component
from landing_zone.monitoring.alert_policies import Policy, alert_policies, decoy
from landing_zone.monitoring.queries import calls_of_key
from landing_zone.settings import AlertSettings

_OPTIONAL: Final = {
    "alertStrategy": "alert_strategy",
    "documentation": "documentation",
    "enabled": "enabled",
    "severity": "severity",
}
"""Fields of Google's that a policy may have → the plugin's."""


class AlertsArgs(TypedDict):
    """Conditions to alert on, and channels to notify."""

    projectId: pulumi.Input[str]
    alerts: AlertSettings
    channels: Sequence[pulumi.Input[str]]
    monthlyBudget: NotRequired[Decimal | None]
    """In the budget's currency; the rate of spending is compared with it."""
    decoyKeys: NotRequired[Mapping[str, pulumi.Output[str]]]
    """Name → uid of the keys that nobody should use."""
    stackLabel: NotRequired[str | None]
    """Name of the stack in their labels; by default this stack's."""


class Alerts(Component):
    """Alert policies on the calls of one project to the Gemini API."""

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts, f"projects.{name}.alerts")
        self._args = args
        self.stack_label = args.get("stackLabel")
        self._channels = list(args["channels"])
        settings = args["alerts"]
        if settings.has_recipients:
            for suffix, policy in alert_policies(settings, args.get("monthlyBudget")):
                self._policy(suffix, policy)
            for key, uid in (args.get("decoyKeys") or {}).items():
                self._policy(f"decoy-{key}", decoy(key, uid.apply(calls_of_key)))
        for key, policy in settings.policies.items():
            self._policy(f"-{key}", policy, f"policies.{key}")
        self.register_outputs({})

    def _policy(self, suffix: str, policy: Policy, setting: str = "") -> None:
        """Create a policy in the form of Cloud Monitoring's API, or take over the one that `existing` names."""
        own = f"{self.pulumi_resource_name}-{suffix}"
        existing = policy.get("existing")
        monitoring.AlertPolicy(
            own,
            **{
                "project": self._args["projectId"],
                "display_name": policy.get("displayName", suffix.removeprefix("-")),
                "combiner": policy.get("combiner", "OR"),
                "conditions": policy["conditions"],
                "notification_channels": policy.get(
                    "notificationChannels", None if existing else self._channels
                ),
                **{
                    _OPTIONAL[name]: value for name, value in _for_plugin(policy).items() if name in _OPTIONAL
                },
                "user_labels": {**policy.get("userLabels", {}), **({} if existing else self.labels)} or None,
            },
            opts=self.child(own, setting, existing=existing),
        )


def _for_plugin(policy: Policy) -> dict[str, Any]:
    """A policy with the plugin's name of the one field that has another there."""
    strategy = policy.get("alertStrategy")
    if not isinstance(strategy, Mapping) or "notificationChannelStrategy" not in strategy:
        return policy
    renamed = {name: value for name, value in strategy.items() if name != "notificationChannelStrategy"}
    renamed["notificationChannelStrategies"] = strategy["notificationChannelStrategy"]
    return {**policy, "alertStrategy": renamed}
