"""A browser for the tests of the page with charts: the system's Chromium, or in a container Debian's."""

import os
import shutil
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.steps import run_quietly, step

NAMES = ("chromium", "chromium-browser", "google-chrome")
HOW = "install Chromium, or name a browser of its kind in CHROMIUM"


def find_browser() -> str | None:
    """The browser that CHROMIUM names, or the first of the usual names on PATH."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


def get_browser(root: Path) -> None:
    """Install a browser if that needs no questions: as root on Debian, such as in a container.

    Without one the tests of the page are skipped; the step reports that.
    """
    if find_browser():
        return
    with step("Find Chromium") as current:
        apt = shutil.which("apt-get")
        if os.geteuid() or not apt:
            current.outcome = f"there is none, and the page's tests are skipped: {HOW}"
            return
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        commands = {
            "reading Debian's list": ["update", "--quiet"],
            "installing Debian's": ["install", "--quiet", "--yes", "--no-install-recommends", "chromium"],
        }
        try:
            for detail, arguments in commands.items():
                current.detail = detail
                run_quietly([apt, *arguments], cwd=root, failure=f"{detail} failed", env=environment)
            current.outcome = "installed"
        except SandboxError as error:
            [first, *_] = str(error).splitlines()
            current.outcome = f"{first}, and the page's tests are skipped: {HOW}"
