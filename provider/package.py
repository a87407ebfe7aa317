"""The package: its name, its resource types, and its schema, from which Pulumi makes SDKs for any language."""

from collections.abc import Mapping
from typing import Any, Final

from landing_zone.google.config import ENDPOINTS
from landing_zone.google.connection import is_unencrypted
from provider.exits import ProjectExit, StackExit
from provider.project_limits import ProjectLimits
from provider.resource import Property, ResourceType
from provider.roster import Roster
from provider.spend_cap import SpendCap
from provider.tier_check import TierCheck

NAME: Final = "gemini-landing-zone"
VERSION: Final = "0.1.0"

RESOURCES: Final[Mapping[str, ResourceType]] = {
    f"{NAME}:index:{resource.name}": resource
    for resource in (SpendCap(), ProjectLimits(), TierCheck(), ProjectExit(), Roster(), StackExit())
}
"""By type token."""

_TEXT: Final = {"type": "string"}

CONFIG: Final[Mapping[str, Mapping[str, Any]]] = {
    "accessToken": {
        **_TEXT,
        "secret": True,
        "description": "An OAuth 2.0 token. Or GOOGLE_OAUTH_ACCESS_TOKEN.",
    },
    "credentials": {
        **_TEXT,
        "secret": True,
        "description": "A credential's JSON. Else GOOGLE_CREDENTIALS, or Application Default Credentials.",
    },
    "impersonateServiceAccount": {**_TEXT, "description": "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT."},
    "impersonateServiceAccountDelegates": {
        "type": "array",
        "items": _TEXT,
        "description": "The chain to that account.",
    },
    "billingProject": {
        **_TEXT,
        "description": "The project whose quota calls count against, with userProjectOverride; GOOGLE_BILLING_PROJECT.",
    },
    "userProjectOverride": {"type": "boolean", "description": "Send that project; USER_PROJECT_OVERRIDE."},
    "requestReason": {**_TEXT, "description": "For Google's audit logs; CLOUDSDK_CORE_REQUEST_REASON."},
    **{
        name: {**_TEXT, "description": f"Another address of {service}; {endpoint.variables[0]}."}
        for service, endpoint in ENDPOINTS.items()
        for name in endpoint.inputs
    },
}
"""The provider's inputs: those of the `gcp` provider, by the same names, from the same environment variables."""


def schema() -> dict[str, Any]:
    """The package schema: https://www.pulumi.com/docs/iac/extending-pulumi/schema/."""
    return {
        "name": NAME,
        "version": VERSION,
        "description": "What pulumi-gcp lacks for the Gemini API: spend caps, limits that last, the tier in force.",
        "license": "Apache-2.0",
        "config": {"variables": dict(CONFIG)},
        "provider": {"inputProperties": dict(CONFIG)},
        "resources": {token: _resource(resource) for token, resource in RESOURCES.items()},
        "language": {"nodejs": {"respectSchemaVersion": True}, "python": {"respectSchemaVersion": True}},
    }


def _resource(resource: ResourceType) -> dict[str, Any]:
    inputs = {name: entry for name, entry in resource.properties.items() if not entry.output}
    return {
        "description": resource.description,
        "properties": {name: _property(entry) for name, entry in resource.properties.items()},
        "required": [name for name, entry in resource.properties.items() if entry.required],
        "inputProperties": {name: _property(entry) for name, entry in inputs.items()},
        "requiredInputs": [name for name, entry in inputs.items() if entry.required],
    }


def _property(entry: Property) -> dict[str, Any]:
    # An enum would be a type of its own in every SDK: the two or three words stand in the description.
    kind = {name: value for name, value in entry.type.items() if name != "enum"}
    words = f" One of: {', '.join(entry.type['enum'])}." if "enum" in entry.type else ""
    replaces = {"willReplaceOnChanges": True} if entry.replaces else {}
    return {**kind, "description": entry.description + words, **replaces}


def wrong_inputs(inputs: Mapping[str, Any]) -> dict[str, str]:
    """The provider's inputs that are not accepted, with the reason: unknown ones, and plain http to other machines."""
    known = (*CONFIG, "version", "pluginDownloadURL")
    unknown = {
        name: f"unknown input; the provider has {', '.join(CONFIG)}" for name in inputs if name not in known
    }
    return unknown | {
        name: "the credentials would go over http: write https://, or an address of this machine such as "
        "http://127.0.0.1:8440/"
        for name, value in inputs.items()
        if name.endswith("CustomEndpoint") and isinstance(value, str) and is_unencrypted(value)
    }
