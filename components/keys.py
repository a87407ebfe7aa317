"""API keys, restricted to the Gemini API from their first moment."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
from pulumi_gcp import projects

from components.base import Component
from landing_zone.gemini import GEMINI_API
from landing_zone.names import key_title
from landing_zone.settings import KeySettings


class ApiKeysArgs(TypedDict):
    """Which keys, where."""

    projectId: str
    """The project's id. Naming it by number instead would replace every key."""
    keys: Mapping[str, KeySettings]
    """By name."""


class ApiKeys(Component):
    """A project's API keys. Their strings are secrets from birth."""

    key_strings: dict[str, pulumi.Output[str]]
    """By name; secret."""
    uids: dict[str, pulumi.Output[str]]
    """By name: how Cloud Monitoring names them."""

    def __init__(self, name: str, args: ApiKeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self.key_strings = {}
        self.uids = {}
        for key_name, settings in args["keys"].items():
            # No fixed id: Google keeps a deleted key's id for 30 days, in which the same name could not come back.
            key = projects.ApiKey(
                f"{name}--{key_name}",
                project=args["projectId"],
                # By the project's id: its name in the stack file may change.
                display_name=settings.display_name or key_title(args["projectId"], key_name),
                service_account_email=settings.service_account,
                restrictions=_restrictions(settings),
                name=settings.existing,
                # Never protected: a key that has leaked goes by one change of the stack file.
                opts=self.child(
                    secret_outputs=["keyString"],
                    existing=_id(args["projectId"], settings.existing),
                ),
            )
            self.key_strings[key_name] = pulumi.Output.secret(key.key_string)
            self.uids[key_name] = key.uid
        self.register_outputs({})


def _id(project_id: str, existing: str | None) -> str | None:
    return existing and f"projects/{project_id}/locations/global/keys/{existing}"


def _restrictions(settings: KeySettings) -> projects.ApiKeyRestrictionsArgs:
    restrictions = projects.ApiKeyRestrictionsArgs(
        api_targets=[projects.ApiKeyRestrictionsApiTargetArgs(service=GEMINI_API)]
    )
    if settings.allowed_ips:
        restrictions.server_key_restrictions = projects.ApiKeyRestrictionsServerKeyRestrictionsArgs(
            allowed_ips=list(settings.allowed_ips)
        )
    if settings.allowed_referrers:
        restrictions.browser_key_restrictions = projects.ApiKeyRestrictionsBrowserKeyRestrictionsArgs(
            allowed_referrers=list(settings.allowed_referrers)
        )
    if settings.android_apps:
        restrictions.android_key_restrictions = projects.ApiKeyRestrictionsAndroidKeyRestrictionsArgs(
            allowed_applications=[
                projects.ApiKeyRestrictionsAndroidKeyRestrictionsAllowedApplicationArgs(
                    package_name=app.package_name, sha1_fingerprint=app.sha1_fingerprint
                )
                for app in settings.android_apps
            ]
        )
    if settings.ios_bundle_ids:
        restrictions.ios_key_restrictions = projects.ApiKeyRestrictionsIosKeyRestrictionsArgs(
            allowed_bundle_ids=list(settings.ios_bundle_ids)
        )
    return restrictions
