"""Tokens of a prompt, counted by the Gemini API through Google's own client."""

import os
from collections.abc import Sequence


class CountError(Exception):
    """The tokens cannot be counted; says why and what to do."""


def count_tokens(text: str, models: Sequence[str]) -> dict[str, int]:
    """Model -> how many tokens the text is for it.

    Google's client reads the key from GEMINI_API_KEY or GOOGLE_API_KEY, and another address than Google's from
    GOOGLE_GEMINI_BASE_URL. Counting is free of charge and of quotas. Raises CountError.
    """
    if not (os.environ.get("GEMINI_API_KEY") or os.environ.get("GOOGLE_API_KEY")):
        raise CountError("counting needs a key of the Gemini API: set GEMINI_API_KEY; counting costs nothing")
    try:
        from google import genai
        from google.genai import errors
    except ImportError:
        raise CountError("counting needs google-genai: pip install 'gemini-landing-zone[tokens]'") from None
    with genai.Client() as client:
        try:
            return {
                model: client.models.count_tokens(model=model, contents=text).total_tokens or 0
                for model in models
            }
        except errors.APIError as error:
            raise CountError(f"the Gemini API cannot count: {error.code} {error.message}") from None
        except OSError as error:
            raise CountError(f"the Gemini API cannot be reached: {error}") from None
