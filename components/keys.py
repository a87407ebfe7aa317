"""API keys, restricted to the Gemini API from their first moment."""

from collections.abc import Mapping
from typing import Any

from pulumi_gcp import projects

from components.base import Component
from landing_zone.gemini import GEMINI_API
from landing_zone.names import key_title
from landing_zone.settings import KeySettings


def make_keys(
    owner: Component, name: str, project_id: str, keys: Mapping[str, KeySettings], after: Any
) -> dict[str, projects.ApiKey]:
    """Make a project's keys; returns them by name. Their strings are secrets from birth.

    The project is named by its id: naming it by number would replace every key.
    """
    made = {}
    for key_name, settings in keys.items():
        own = f"{name}--{key_name}"
        made[key_name] = projects.ApiKey(
            own,
            project=project_id,
            # By the project's id: its name in the stack file may change.
            display_name=settings.display_name or key_title(project_id, key_name),
            service_account_email=settings.service_account,
            restrictions=_restrictions(settings),
            # No fixed id: Google keeps a deleted key's id for 30 days, in which the same name could not come back.
            name=settings.existing,
            # Never protected: a key that has leaked goes by one change of the stack file.
            opts=owner.child(
                own,
                f"keys.{key_name}",
                after=after,
                secret_outputs=["keyString"],
                existing=_id(project_id, settings.existing),
            ),
        )
    return made


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
