"""Stacks as the preflight looks at them, on a local cloud."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from landing_zone.google.caller import Caller
from landing_zone.google.config import GoogleConfig
from landing_zone.google.rest import Google
from landing_zone.names import stack_label
from landing_zone.preflight.subject import Subject
from landing_zone.settings import load_file
from landing_zone.settings.source import read_stack_file
from sandbox.cloud.endpoints import ACCESS_TOKEN, environment
from tests.workspace import STACK, Cloud

DAY = date(2026, 11, 27)
LABEL = stack_label("gemini-landing-zone", STACK)


def subject_on(
    cloud: Cloud,
    path: Path,
    token: str = ACCESS_TOKEN,
    *,
    caller: Caller | None = None,
    in_state: Callable[[], set[str] | None] = set,
) -> Subject:
    """The stack of a file, looked at by the caller of a token."""
    file = read_stack_file(path)
    inputs = {key.removeprefix("gcp:"): value for key, value in file.gcp.items()}
    variables = {**environment(cloud.ready), "GOOGLE_OAUTH_ACCESS_TOKEN": token}
    config = GoogleConfig.read(inputs, variables)
    return Subject(
        load_file(STACK, path),
        file,
        Google(config),
        DAY,
        "gemini-landing-zone",
        caller or Caller(),
        in_state,
        config.billing_project if config.user_project_override else None,
    )
