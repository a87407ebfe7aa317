"""A browser for the tests of the page with charts: the system's Chromium, or in a container Debian's."""

import os
import shutil
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.steps import run_quietly, say, step

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_browser() -> str | None:
    """The browser that CHROMIUM names, or the first of the usual names on PATH."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


def get_browser(root: Path) -> None:
    """Have one, if that asks nothing of anybody: as root on Debian, as in a container, it is installed."""
    if find_browser():
        return
    apt = shutil.which("apt-get")
    if os.geteuid() or not apt:
        say("  Without Chromium the tests of the page are skipped: install it, or name one in CHROMIUM")
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        with step("Install Chromium for the tests of the page"):
            run_quietly([apt, "update"], cwd=root, failure="`apt-get update` failed", env=environment)
            run_quietly(
                [apt, "install", "--yes", "--no-install-recommends", "chromium"],
                cwd=root,
                failure="no Chromium to be had",
                env=environment,
            )
    except SandboxError as error:
        say(f"  The tests of the page are skipped: {error}")
