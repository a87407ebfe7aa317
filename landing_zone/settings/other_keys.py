"""What a stack file may say besides this project's settings: Pulumi's own keys, and a few of the `gcp` provider.

A stack file is changed by pull requests, and CI runs it with its own credentials. So it names no address, no token, no
identity and no environment from which Pulumi would take them: those belong to whoever runs Pulumi.
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from landing_zone.printing import listed
from landing_zone.settings.problems import NAMESPACE, Problem, nearest, shown_value

TOP_LEVEL: Final = ("config", "secretsprovider", "encryptionsalt", "encryptedkey")
"""Pulumi's own keys of a stack file. Source: ProjectStack in Pulumi's SDK, 3.259, without `environment`."""

GCP_KEYS: Final[Mapping[str, str]] = {
    "disableGlobalProjectWarning": "no warning that there is no default project: every resource names its own",
    "userProjectOverride": "calls count against the quota of `billingProject`, or of the resource's project",
    "billingProject": "the project whose quota the calls count against",
    "project": "no effect here: every resource names its own project",
    "region": "no effect here: nothing is regional",
    "zone": "no effect here: nothing is zonal",
    "requestReason": "a reason for Google's audit log",
    "requestTimeout": "time-out of a call",
    "batching": "how calls that enable APIs are put together",
    "pollInterval": "how often the plugin asks whether an operation of Google's is done, such as `1s`; 10 s by default",
    "addPulumiAttributionLabel": "whether projects get the label `goog-pulumi-provisioned`",
}
"""Keys of the `gcp` provider that a stack file may have -> what they do."""

_ENDPOINT: Final = re.compile(r"[A-Za-z0-9]*CustomEndpoint")
_LOOPBACK: Final = re.compile(
    r"https?://(?P<host>localhost|127(?:\.(?:0|[1-9][0-9]{0,2})){3}|\[::1\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?"
)
_VARIABLES: Final[Mapping[str, str]] = {
    "accessToken": "GOOGLE_OAUTH_ACCESS_TOKEN",
    "credentials": "GOOGLE_CREDENTIALS",
    "impersonateServiceAccount": "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT",
}
_SECRETS_PROVIDER: Final = re.compile(
    r"|default|passphrase|gcpkms://projects/[\w.:-]+/locations/[\w-]+/keyRings/[\w-]+/cryptoKeys/[\w-]+"
)
_PULUMI_KEYS: Final = ("tags",)
_Found = tuple[str, str]
"""Reason and remedy."""


def top_level_mistake(key: str, value: object) -> _Found | None:
    """What is wrong with a key at the top of a stack file, and what to write instead; None if nothing is."""
    if key == "environment":
        return (
            "an environment of Pulumi ESC brings configuration, credentials and variables that nobody reviews here",
            "take it out; write the settings under config:, and give credentials to the process that runs Pulumi",
        )
    if key not in TOP_LEVEL:
        near = nearest(key, TOP_LEVEL)
        return (
            f"Pulumi knows no {shown_value(key)} at the top of a stack file",
            f"did you mean {near}?"
            if near
            else f"write one of: {listed([*TOP_LEVEL])}; settings stand under config:",
        )
    if key == "secretsprovider" and not _SECRETS_PROVIDER.fullmatch(str(value or "")):
        return (
            f"{shown_value(value)} is none of the places whose key may encrypt the stack's secrets",
            "write passphrase, default or gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K; another one is sent "
            "this stack's secrets or its credentials",
        )
    return None


def config_mistake(space: str, name: str, value: object, project: str) -> _Found | None:
    """What is wrong with a key of `config` that is not this project's; None if nothing is.

    `space`, `name`: of the key, as Pulumi reads it. `value`: its text, or None where it is encrypted or has structure.
    `project`: what Pulumi.yaml calls the project.
    """
    if space == "gcp":
        return gcp_mistake(name, value)
    if space == "pulumi" and name in _PULUMI_KEYS:
        return None
    if project != NAMESPACE and space not in ("pulumi", project) and not _like(space, "gcp", "pulumi"):
        return None  # another program's own configuration
    if space == project and project != NAMESPACE:
        return None
    near = f"gcp:{name}" if _like(space, "gcp") and name in GCP_KEYS else None
    return (
        f"nobody reads {shown_value(f'{space}:{name}')} here",
        f"did you mean {near}?" if near else f"take it out; settings are {NAMESPACE}:… and a few of gcp:…",
    )


def _like(space: str, *known: str) -> bool:
    """True if it is one of the namespaces but for case and spaces, which only looks like it to a reader."""
    return space not in known and space.strip().casefold() in known


def gcp_mistake(name: str, value: object) -> _Found | None:
    """What is wrong with `gcp:name` in a stack file; None if nothing is."""
    if name in GCP_KEYS:
        return None
    if _ENDPOINT.fullmatch(name):
        if is_loopback_url(value):
            return None
        return (
            f"gcp:{shown_value(name)[1:-1]} sends calls, with their credentials, to an address that the file chooses",
            "take it out; an address on this machine is allowed: http://127.0.0.1:8440/. Another one is set by whoever "
            "runs Pulumi, in the environment: GOOGLE_…_CUSTOM_ENDPOINT",
        )
    if name in _VARIABLES or name.startswith("impersonate") or name in ("externalCredentials", "scopes"):
        variable = _VARIABLES.get(name, _VARIABLES["impersonateServiceAccount"])
        return (
            f"gcp:{shown_value(name)[1:-1]} chooses the credentials, which belong to whoever runs Pulumi",
            f"take it out, and set {variable} in the environment of the process that runs Pulumi",
        )
    near = nearest(name, GCP_KEYS)
    return (
        f"gcp:{shown_value(name)[1:-1]} is not a key that a stack file may have",
        f"did you mean gcp:{near}?" if near else f"take it out; allowed are gcp: {listed([*GCP_KEYS])}",
    )


def is_loopback_url(value: object) -> bool:
    """True if it is a plain URL of this machine: 127.0.0.0/8, ::1 or localhost, without user, query, odd spellings.

    Only these have one meaning to every program that reads them: 127.1, [::ffff:127.0.0.1] and localhost@host have not.
    """
    found = _LOOPBACK.fullmatch(value) if isinstance(value, str) and value.isascii() else None
    if not found:
        return False
    host = found["host"].strip("[]")
    try:
        port = urlsplit(found[0]).port
        return port != 0 and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


def engine_mistakes(config: Mapping[str, str], elsewhere: frozenset[str]) -> Iterator[Problem]:
    """Mistakes in the `gcp:` keys that the engine hands over, except those of Pulumi.yaml, the operator's file.

    The engine may have read another file than the one that this program looks into. `elsewhere`: full keys.
    """
    for key, value in config.items():
        space, _, name = key.partition(":")
        if space == "gcp" and key not in elsewhere and (found := gcp_mistake(name, value)):
            yield Problem((key,), *found, key=key)
