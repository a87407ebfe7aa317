"""The refusal of a call that counts against no project."""

from typing import Final

from sandbox.cloud.core.errors import CloudError, error_info, permission_denied

SHARED_CLIENT: Final = "764086051850"
"""The project of Google's own client for people, whose calls have no project of theirs."""


def without_quota_project(api: str) -> CloudError:
    """Google's refusal of a person's call that counts against no project of theirs."""
    about = {"service": api, "consumer": f"projects/{SHARED_CLIENT}"}
    return permission_denied(
        f"Your application is authenticating by using local Application Default Credentials. The {api} API requires a "
        "quota project, which is not set by default. To learn how to set your quota project, see "
        "https://cloud.google.com/docs/authentication/adc-troubleshooting/user-creds .",
        [error_info("SERVICE_DISABLED", "googleapis.com", about)],
    )
