"""What Cloud Monitoring's methods need, and how it refuses a caller without it."""

from collections.abc import Mapping, Sequence
from typing import Final

from sandbox.cloud.core.errors import CloudError, permission_denied
from sandbox.cloud.core.permissions import Need, Needs, Rule, anyone, every, in_query, needs, on_path
from sandbox.cloud.core.service import Call

_VERBS: Final = {"create": "create", "get": "get", "list": "list", "patch": "update", "delete": "delete"}


_SCOPES: Final = "monitoring.locations.global.metricsScopes"


def _scope(call: Call) -> str:
    """The project whose scope it is."""
    return f"projects/{call.ids[0]}"


def _monitored(call: Call) -> str:
    """The project that comes into a scope."""
    return f"projects/{call.body.get('name', '').rpartition('/')[2]}"


def _by_logs(verb: str) -> Rule:
    """A permission of Cloud Logging, if an alert policy of the body looks at logs."""

    def rule(call: Call) -> Sequence[Needs]:
        looks = any("conditionMatchedLog" in each for each in call.body.get("conditions", ()))
        return [(Need(f"logging.notificationRules.{verb}", on_path()(call)),)] if looks else [()]

    return rule


PERMISSIONS: Final[Mapping[str, Rule]] = {
    **{
        f"monitoring.projects.{kind}.{method}": needs(f"monitoring.{kind}.{verb}", on_path())
        for kind in ("alertPolicies", "notificationChannels", "dashboards", "uptimeCheckConfigs")
        for method, verb in _VERBS.items()
    },
    **{
        f"monitoring.projects.alertPolicies.{method}": every(
            needs(f"monitoring.alertPolicies.{verb}", on_path()), _by_logs(verb)
        )
        for method, verb in (("create", "create"), ("patch", "update"))
    },
    **{
        f"monitoring.projects.metricDescriptors.{verb}": needs(
            f"monitoring.metricDescriptors.{verb}", on_path()
        )
        for verb in ("create", "delete", "get", "list")
    },
    f"{_SCOPES}.get": needs("monitoring.metricsScopes.link", _scope),
    f"{_SCOPES}.listMetricsScopesByMonitoredProject": needs(
        "resourcemanager.projects.get", in_query("monitoredResourceContainer")
    ),
    f"{_SCOPES}.projects.create": every(
        needs("monitoring.metricsScopes.link", _scope), needs("monitoring.metricsScopes.link", _monitored)
    ),
    f"{_SCOPES}.projects.delete": needs("monitoring.metricsScopes.link", _scope),
    "monitoring.operations.get": anyone,
    **{
        f"monitoring.projects.snoozes.{method}": needs(f"monitoring.snoozes.{verb}", on_path())
        for method, verb in _VERBS.items()
        if method != "delete"
    },
    **{
        f"monitoring.projects.notificationChannelDescriptors.{verb}": needs(
            f"monitoring.notificationChannelDescriptors.{verb}", on_path()
        )
        for verb in ("get", "list")
    },
    "monitoring.projects.timeSeries.create": needs("monitoring.timeSeries.create", on_path()),
    "monitoring.projects.timeSeries.list": needs("monitoring.timeSeries.list", on_path()),
}


def denied(_call: Call, need: Need) -> CloudError:
    """Monitoring's refusal, which names the permission."""
    return permission_denied(f"Permission {need.permission} denied (or the resource may not exist).")
