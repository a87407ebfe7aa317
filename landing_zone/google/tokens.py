"""Tokens of a prompt, counted by the Gemini API through Google's own client."""

import os
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import requests

from landing_zone.google.connection import Cause, Failure, address_of, failure_of, is_loopback, is_unencrypted
from landing_zone.google.errors import NoAnswerError
from landing_zone.google.retrying import READS
from landing_zone.google.transport import no_answer, session

_GEMINI: Final = "https://generativelanguage.googleapis.com/"


class CountError(Exception):
    """The tokens cannot be counted; the message has the reason and the remedy."""


def count_tokens(text: str, models: Sequence[str]) -> dict[str, int]:
    """Model → number of tokens of the text.

    Google's client reads the key from GEMINI_API_KEY or GOOGLE_API_KEY, and an address other than Google's from
    GOOGLE_GEMINI_BASE_URL. Counting is free and uses no quota. Raises CountError.
    """
    if not (os.environ.get("GEMINI_API_KEY") or os.environ.get("GOOGLE_API_KEY")):
        raise CountError("counting needs a key for the Gemini API: set GEMINI_API_KEY; counting is free")
    try:
        from google import genai
        from google.genai import errors, types
    except ImportError:
        raise CountError(
            "counting needs google-genai: run pip install -r requirements-dev.txt, which pins it"
        ) from None
    url = os.environ.get("GOOGLE_GEMINI_BASE_URL") or _GEMINI
    # Unlike the other clients, this one would use a proxy for addresses of this machine.
    direct = {"trust_env": False} if is_loopback(urlsplit(url).hostname or "") else {}
    options = types.HttpOptions(timeout=int(READS.answer_s * 1000), client_args=direct)
    try:
        if is_unencrypted(url):
            raise NoAnswerError(Failure(Cause.UNENCRYPTED, address_of(url)), sent=False)
        _reach(url)
        with genai.Client(http_options=options) as client:
            return {
                model: client.models.count_tokens(model=model, contents=text).total_tokens or 0
                for model in models
            }
    except errors.APIError as error:
        raise CountError(f"the Gemini API cannot count: {error.code} {error.message}") from None
    except NoAnswerError as error:
        raise CountError(error.with_remedy) from None
    except Exception as error:  # the HTTP client is one of several, each with exceptions of its own
        failure = NoAnswerError(failure_of(error, url))
        raise CountError(failure.with_remedy) from None


def _reach(url: str) -> None:
    """Check that the server answers: the client itself would use its whole time-out for each address of a name.

    Raises NoAnswerError.
    """
    try:
        session().head(url, timeout=(READS.connect_s, READS.answer_s))
    except requests.RequestException as error:
        raise no_answer(error, url) from None
