"""API keys, restricted to the Gemini API from creation, each bound to a service account."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_gcp import projects, serviceaccount

from components.base import Component
from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.methods import full_methods
from landing_zone.names import key_account_email, key_account_id, key_account_title, key_id, key_title
from landing_zone.settings import KeySettings


def ids_of_deletable_keys(keys: Mapping[str, KeySettings]) -> dict[str, str]:
    """The ids of the keys that are deleted when they leave the stack, by name: not those that were imported."""
    return {name: _own_id(name, settings) for name, settings in keys.items() if not settings.existing}


def make_key_accounts(
    owner: Component,
    name: str,
    project_id: str,
    keys: Mapping[str, KeySettings],
    after: Any,
    *,
    guarded: bool = False,
) -> dict[str, serviceaccount.Account]:
    """Create the service accounts that keys are bound to, without roles; returns them by key.

    `guarded`: the guard may disable them, and an update does not enable them again.
    """
    made = {}
    for key_name, settings in keys.items():
        if not settings.has_own_account:
            continue
        own = f"{name}--{key_name}"
        made[key_name] = serviceaccount.Account(
            own,
            project=project_id,
            account_id=key_account_id(project_id, key_name),
            display_name=key_account_title(name, key_name),
            description="Identity of calls with this API key. It needs no roles. Disabling it stops the key.",
            opts=owner.child(own, f"keys.{key_name}", after=after, ignored=("disabled",) if guarded else ()),
        )
    return made


def make_keys(
    owner: Component,
    name: str,
    project_id: str,
    keys: Mapping[str, KeySettings],
    accounts: Mapping[str, pulumi.Resource],
    after: pulumi.Output[list[pulumi.Resource]],
) -> dict[str, projects.ApiKey]:
    """Create a project's keys; returns them by name. Their strings are secrets from creation.

    The project is named by its id: naming it by number would replace every key. A key names its service account by its
    e-mail address, which is known in the preview, and depends on it, so that the account is deleted after the key.
    """
    made = {}
    for key_name, settings in keys.items():
        own = f"{name}--{key_name}"
        email = settings.service_account
        if settings.has_own_account:
            email = key_account_email(project_id, key_name)
        made[key_name] = projects.ApiKey(
            own,
            project=project_id,
            # Contains the project's id, as its name in the stack file may change.
            display_name=(
                key_title(project_id, key_name)
                if settings.display_name is None
                else settings.display_name or None
            ),
            service_account_email=email,
            restrictions=_restrictions(settings),
            name=settings.existing or _own_id(key_name, settings),
            # By default the plugin refuses to delete a key that was used in the last 7 days, as a leaked one would be.
            # An imported key is never deleted.
            deletion_policy=None if settings.existing else "FORCE",
            # Never protected: one change of the stack file must be enough to delete a leaked key.
            opts=owner.child(
                own,
                f"keys.{key_name}",
                after=_with(after, accounts.get(key_name)),
                secret_outputs=["keyString"],
                existing=_id(project_id, settings.existing),
                # A replacement has another id, and is there before the old key goes. The plugin would delete what has a
                # given name first.
                replaced_first=None if settings.existing else False,
                counted=True,
            ),
        )
        if settings.standard:
            pulumi.log.warn(
                f"key {key_name} of {project_id} is a standard key. The Gemini API refuses unrestricted standard keys "
                "since 2026-06-19, and Google announced that it will refuse all of them from September 2026 on. Add "
                "a key without standard: true beside it, and move its callers to it (docs/keys.md)",
                made[key_name],
            )
    return made


def _own_id(name: str, settings: KeySettings) -> str:
    return key_id(name, settings.service_account, standard=settings.standard)


def _with(
    after: pulumi.Output[list[pulumi.Resource]], account: pulumi.Resource | None
) -> pulumi.Output[list[pulumi.Resource]]:
    return after.apply(lambda resources: [*resources, account]) if account else after


def _id(project_id: str, existing: str | None) -> str | None:
    return existing and f"projects/{project_id}/locations/global/keys/{existing}"


def _restrictions(settings: KeySettings) -> projects.ApiKeyRestrictionsArgs:
    restrictions = projects.ApiKeyRestrictionsArgs(
        api_targets=[
            projects.ApiKeyRestrictionsApiTargetArgs(
                service=GEMINI_API, methods=list(full_methods(settings.methods)) or None
            )
        ]
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
