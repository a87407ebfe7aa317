"""The caller of the Gemini API and its project: an API key, or a token with a quota project."""

import ipaddress
from fnmatch import fnmatchcase

from sandbox.cloud.apikeys import models as keys
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.errors import (
    CloudError,
    error_info,
    localized_message,
    permission_denied,
)
from sandbox.cloud.core.messages import Method
from sandbox.cloud.core.quota_project import SHARED_CLIENT, without_quota_project
from sandbox.cloud.core.service import Caller
from sandbox.cloud.core.store import Store
from sandbox.cloud.iam import models as iam
from sandbox.cloud.serviceusage.catalogue import GEMINI_API

#: Google's own client for people.
_CLIENT_ID = f"{SHARED_CLIENT}-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com"
_SERVICES = {
    **dict.fromkeys(("GetModel", "ListModels"), "ModelService"),
    **{f"{verb}CachedContent": "CacheService" for verb in ("Create", "Get", "Update", "Delete")},
    "ListCachedContents": "CacheService",
    "BatchGenerateContent": "BatchService",
}
"""RPC → its service; GenerativeService has the others."""


def consumer(store: Store, method: Method, caller: Caller) -> str:
    """The number of the project that a call counts against.

    Raises:
        CloudError: 400 for a key that is none; 401 for one whose service account is disabled or gone; 403 for a key
            that is restricted to other APIs or clients, and for a token without a project.
    """
    if caller.key:
        return _key_project(store, method, caller)
    if not caller.counted_project:
        raise without_quota_project(GEMINI_API)
    return projects.require_user_project(store, caller.counted_project).number


def credential(store: Store, caller: Caller) -> str:
    """What a call was made with, as Cloud Monitoring names it: `apikey:UID`, or `oauth2:CLIENT` of a token."""
    return f"apikey:{keys.uid_of(store, caller.key)}" if caller.key else f"oauth2:{_CLIENT_ID}"


def _key_project(store: Store, method: Method, caller: Caller) -> str:
    try:
        key = keys.lookup(store, caller.key)
    except CloudError:
        message = "API key not valid. Please pass a valid API key."
        details = [
            error_info("API_KEY_INVALID", "googleapis.com", {"service": GEMINI_API}),
            localized_message(message),
        ]
        raise CloudError("INVALID_ARGUMENT", message, details) from None
    project = projects.find(store, key.project)
    if project is None or project.state != projects.ACTIVE:
        raise _blocked(key, "CONSUMER_INVALID", f"Project #{key.project} has been deleted.")
    _check_account(store, key, method)
    _check_target(key, method)
    _check_client(key, caller)
    return key.project


def _check_account(store: Store, key: keys.Key, method: Method) -> None:
    """A bound key is its service account's credential: it works as long as that is there and enabled."""
    email = key.settings.get("serviceAccountEmail", "")
    account = iam.by_email(store, email) if email else None
    if email and (account is None or account.disabled):
        about = {"service": GEMINI_API, "method": full_name(method), "email": email}
        raise CloudError(
            "UNAUTHENTICATED", details=[error_info("ACCOUNT_STATE_INVALID", "googleapis.com", about)]
        )


def full_name(method: Method) -> str:
    """A method's name as restrictions of keys have it."""
    return rpc_name(method.segments[0], rpc_of(method))


def rpc_of(method: Method) -> str:
    """The last part of a method's name."""
    return method.id.rpartition(".")[2]


def rpc_name(version: str, rpc: str) -> str:
    """The full name of an RPC."""
    if rpc.endswith(("Operation", "Operations")):
        return f"google.longrunning.Operations.{rpc}"
    return f"google.ai.generativelanguage.{version}.{_SERVICES.get(rpc, 'GenerativeService')}.{rpc}"


def _check_target(key: keys.Key, method: Method) -> None:
    """Google refuses keys that are not restricted to it as well, but for those bound to a service account."""
    rpc, name = rpc_of(method), full_name(method)
    targets = key.settings.get("restrictions", {}).get("apiTargets", [])
    patterns = [
        pattern
        for target in targets
        if target["service"] == GEMINI_API
        for pattern in target.get("methods") or ["*"]
    ]
    bound = not targets and key.settings.get("serviceAccountEmail")
    if not bound and not any(fnmatchcase(name, pattern) or fnmatchcase(rpc, pattern) for pattern in patterns):
        raise _blocked(
            key,
            "API_KEY_SERVICE_BLOCKED",
            f"Requests to this API {GEMINI_API} method {name} are blocked.",
            methodName=name,
            apiName=GEMINI_API,
        )


def _check_client(key: keys.Key, caller: Caller) -> None:
    restrictions = key.settings.get("restrictions", {})
    if "serverKeyRestrictions" in restrictions:
        allowed = restrictions["serverKeyRestrictions"].get("allowedIps", [])
        if not any(_is_in(caller.address, network) for network in allowed):
            raise _blocked(
                key,
                "API_KEY_IP_ADDRESS_BLOCKED",
                "The provided API key has an IP address restriction. The originating IP address of the call "
                f"({caller.address}) violates this restriction.",
                callerIp=caller.address,
            )
    if "browserKeyRestrictions" in restrictions:
        referrer = caller.headers.get("referer", "")
        allowed = restrictions["browserKeyRestrictions"].get("allowedReferrers", [])
        if not any(_is_from(referrer, pattern) for pattern in allowed):
            shown = referrer or "<empty>"
            raise _blocked(
                key,
                "API_KEY_HTTP_REFERRER_BLOCKED",
                f"Requests from referer {shown} are blocked.",
                httpReferrer=shown,
            )
    if "androidKeyRestrictions" in restrictions:
        package = caller.headers.get("x-android-package", "")
        print_of = caller.headers.get("x-android-cert", "")
        allowed = restrictions["androidKeyRestrictions"].get("allowedApplications", [])
        if not any(
            app.get("packageName") == package and _same_hex(app.get("sha1Fingerprint", ""), print_of)
            for app in allowed
        ):
            message = f"Requests from this Android client application {package or '<empty>'} are blocked."
            raise _blocked(key, "API_KEY_ANDROID_APP_BLOCKED", message)
    if "iosKeyRestrictions" in restrictions:
        bundle = caller.headers.get("x-ios-bundle-identifier", "")
        if bundle not in restrictions["iosKeyRestrictions"].get("allowedBundleIds", []):
            message = f"Requests from this iOS client application {bundle or '<empty>'} are blocked."
            raise _blocked(key, "API_KEY_IOS_APP_BLOCKED", message)


def _is_in(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _is_from(referrer: str, pattern: str) -> bool:
    """A pattern is a host with a path, `*` for anything; without a scheme it is any scheme's."""
    if "://" not in pattern:
        referrer = referrer.partition("://")[2]
    return fnmatchcase(referrer, pattern) or fnmatchcase(referrer.rstrip("/"), pattern.rstrip("/"))


def _same_hex(left: str, right: str) -> bool:
    return left.replace(":", "").lower() == right.replace(":", "").lower()


def _blocked(key: keys.Key, reason: str, message: str, **metadata: str) -> CloudError:
    about = {"consumer": f"projects/{key.project}", "service": GEMINI_API, **metadata}
    return permission_denied(
        message, [error_info(reason, "googleapis.com", about), localized_message(message)]
    )
