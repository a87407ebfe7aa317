"""The browser for the tests of the page with charts: the system's Chromium. Nothing here installs one."""

import os
import shutil

from sandbox.steps import step

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_browser() -> str | None:
    """The browser that CHROMIUM names, or the first of the usual names on PATH."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


def report_browser() -> None:
    """Print that the tests of the page will be skipped, and how to have them, if there is no browser."""
    if not find_browser():
        with step("Find Chromium") as current:
            current.outcome = (
                "there is none, and the page's tests are skipped: install Chromium, "
                "or name a browser of its kind in CHROMIUM"
            )
