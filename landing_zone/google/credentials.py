"""Credentials for Google: a token, a given credential, or Application Default Credentials; with impersonation."""

import json
from typing import Final

import google.auth
from google.auth import impersonated_credentials, load_credentials_from_dict
from google.auth.credentials import Credentials, CredentialsWithQuotaProject
from google.auth.exceptions import GoogleAuthError
from google.oauth2.credentials import Credentials as AccessToken

from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.transport import Probe

_SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)
_WITHOUT_FILES: Final = ("service_account", "authorized_user")


def open_credentials(config: GoogleConfig) -> Credentials:
    """The credentials of a configuration. Raises CredentialsError: there are none, or they cannot be read."""
    try:
        found = _own(config)
    except (GoogleAuthError, ValueError, OSError) as error:
        raise CredentialsError(
            f"no usable Google credentials: {_first_line(error)}; run `gcloud auth application-default login`, "
            "or set GOOGLE_CREDENTIALS or GOOGLE_OAUTH_ACCESS_TOKEN"
        ) from None
    if config.user_project_override and isinstance(found, CredentialsWithQuotaProject):
        # Otherwise google-auth sends the credentials' own quota project instead of the request's.
        found = found.with_quota_project(None)  # type: ignore[no-untyped-call]  # untyped in google-auth
    if not config.impersonated:
        return found
    return impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]  # untyped in google-auth
        source_credentials=found,
        target_principal=config.impersonated,
        target_scopes=list(_SCOPES),
        delegates=list(config.delegates),
    )


def _own(config: GoogleConfig) -> Credentials:
    if config.access_token:
        return AccessToken(config.access_token)  # type: ignore[no-untyped-call]  # untyped in google-auth
    if config.credentials:
        info = json.loads(config.credentials)
        kind = info.get("type") if isinstance(info, dict) else None
        if config.given and kind is not None and kind not in _WITHOUT_FILES:
            raise CredentialsError(
                f"credentials of the provider's inputs are of the type {' or '.join(_WITHOUT_FILES)}: others name "
                "files, commands and addresses; give them in GOOGLE_CREDENTIALS"
            )
        loaded: Credentials
        loaded, _ = load_credentials_from_dict(  # type: ignore[no-untyped-call]  # untyped in google-auth
            info, scopes=_SCOPES
        )
        return loaded
    loaded, _ = google.auth.default(scopes=_SCOPES, request=Probe())
    return loaded


def _first_line(error: Exception) -> str:
    # The rest may repeat the given text, which is a secret.
    if isinstance(error, json.JSONDecodeError):
        return "the credentials are no JSON (only GOOGLE_CREDENTIALS may name a file, one that can be read)"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
