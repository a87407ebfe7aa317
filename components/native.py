"""The resources of this project's own provider (`provider/`), which takes the configuration of `gcp`."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi

from components.base import PACKAGE
from landing_zone.google.config import ENDPOINTS, VARIABLES

_SECRET: Final = ("accessToken", "credentials")


class SpendCap(pulumi.CustomResource):
    """Pauses the Gemini API in a project once a month's amount is spent."""

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        outputs = {"name": None, "outputState": None, "reconciling": None}
        super().__init__(f"{PACKAGE}:index:SpendCap", name, {**props, **outputs}, opts)

    @property
    def state(self) -> pulumi.Output[str]:
        """`CONFIGURED`, `ENFORCED` or `AWAITING_NEXT_PERIOD`."""
        return _output(self, "outputState")


class ProjectLimits(pulumi.CustomResource):
    """All limits on models of one project, on the metrics of every tier."""

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        outputs = {"quotaModels": None, "effective": None}
        super().__init__(f"{PACKAGE}:index:ProjectLimits", name, {**props, **outputs}, opts)


class TierCheck(pulumi.CustomResource):
    """Waits until a tier's limits are in force, and reports the tier found."""

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        outputs = {"tier": None, "billingEnabled": None, "inForce": None}
        super().__init__(f"{PACKAGE}:index:TierCheck", name, {**props, **outputs}, opts)

    @property
    def tier(self) -> pulumi.Output[str]:
        """`free`, `1`, `2`, `3` or `unknown`."""
        return _output(self, "tier")


class ProjectExit(pulumi.CustomResource):
    """Ordering resource between a project's keys and its budgets and limits."""

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(f"{PACKAGE}:index:ProjectExit", name, dict(props), opts)


class Roster(pulumi.CustomResource):
    """The projects as of the last update."""

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(f"{PACKAGE}:index:Roster", name, dict(props), opts)


class StackExit(pulumi.CustomResource):
    """Resource that is deleted first, so that it can refuse before anything else is deleted."""

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(f"{PACKAGE}:index:StackExit", name, dict(props), opts)


def _output(resource: pulumi.CustomResource, name: str) -> pulumi.Output[Any]:
    found: pulumi.Output[Any] = resource.__dict__[name]
    return found


def native_provider(name: str) -> pulumi.ProviderResource:
    """The provider, with the stack's configuration of `gcp`.

    A default provider would get the whole configuration of the stack, whose namespace is the package's name.
    """
    config = pulumi.Config("gcp")
    inputs: dict[str, Any] = {}
    for key in (*VARIABLES, *(name for endpoint in ENDPOINTS.values() for name in endpoint.inputs)):
        value = config.get_secret(key) if key in _SECRET else config.get(key)
        if value is not None:
            inputs[key] = value
    return pulumi.ProviderResource(PACKAGE, name, inputs)


def providers_of(component: pulumi.ComponentResource, name: str) -> Sequence[pulumi.ProviderResource]:
    """A new provider of the package if the component was given none; else empty."""
    if component.get_provider(f"{PACKAGE}:index:SpendCap"):
        return ()
    return (native_provider(name),)
