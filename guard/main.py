"""The function's entry point, `guard`, for functions-framework and Cloud Run functions.

`POST /poll`: Cloud Scheduler, each minute. `POST /message`: Pub/Sub, a budget's message. Both with an OIDC token, which
Cloud Run has verified before this runs.

Environment:
    GUARD_BUCKET: the bucket of policies and records.
    GUARD_STACK: the stack whose guard it is.
    GUARD_PROJECT: the project that the guard runs in, and whose metrics it writes.
    GUARD_CALLERS: e-mail addresses of the service accounts that may call, with commas between them.
    GUARD_AUDIENCE: the audience of their tokens; left out, any is accepted that Cloud Run accepts.
    Others: as `landing_zone.google.config` reads them (GOOGLE_*_CUSTOM_ENDPOINT).
"""

import os
from functools import cache

import flask

from guard.app import App, Settings
from landing_zone.google.config import GoogleConfig


@cache
def _app() -> App:
    return App(Settings.read(os.environ), GoogleConfig.read({}, os.environ))


def guard(request: flask.Request) -> tuple[str, int, dict[str, str]]:
    """Answer a call."""
    body = request.get_json(silent=True) if request.is_json else None
    answer = _app().answer(request.method, request.path, request.headers.get("Authorization", ""), body)
    return answer.text, answer.status, {"Content-Type": "application/json"}
