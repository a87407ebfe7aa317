"""Google's handling of requests in paid projects.

Source: Google's change of 2026-10-26, as reported up to 2026-11-26; the 55 days are less sure than the rest.
"""

from typing import Final

STORING_PAGE: Final = "https://ai.google.dev/gemini-api/docs/logs-policy"
STORED_BY_DEFAULT: Final = (
    "the Gemini API stores requests by default, for up to 55 days, in paid projects created since 2026-10-26"
)
SWITCH_OFF: Final = (
    "switch it off in AI Studio's log settings of the project, or send store=false with each request (google-genai "
    "2.33 or later)"
)
