"""The caller behind credentials: a person or a service account, as IAM names it."""

from dataclasses import dataclass

from google.auth.credentials import Credentials
from google.oauth2.credentials import Credentials as UserCredentials

from landing_zone.google.config import GoogleConfig


@dataclass(frozen=True)
class Caller:
    """Who calls."""

    service_account: str = ""
    """Its address; empty for a person, and if that is not known."""
    is_user: bool = False
    """True for a person's own credentials. An access token does not say whose it is."""

    @property
    def member(self) -> str:
        """The caller for a policy binding; a shell expression where only gcloud knows the address."""
        return (
            f"serviceAccount:{self.service_account}"
            if self.service_account
            else "user:$(gcloud config get account)"
        )


def caller_of(config: GoogleConfig) -> Caller:
    """The caller of a configuration. Raises CredentialsError: there are no credentials, or they cannot be read."""
    if config.impersonated:
        return Caller(config.impersonated)
    found: Credentials = config.open_credentials()
    if isinstance(found, UserCredentials):
        return Caller(is_user=bool(found.refresh_token))
    # Keys, impersonation and workload identity federation have it; the metadata server's says `default`.
    address = getattr(found, "service_account_email", None) or ""
    return Caller(address if "@" in address else "")
