"""The browser for the tests of the page with charts: the system's Chromium."""

import os
import shutil
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.steps import run_quietly, say, step

NAMES = ("chromium", "chromium-browser", "google-chrome")
HOW = "install Chromium, or name a browser of its kind in CHROMIUM"


def find_browser() -> str | None:
    """The browser that CHROMIUM names, or the first of the usual names on PATH."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


def report_browser() -> None:
    """Print that the tests of the page will be skipped, and how to have them, if there is no browser."""
    if not find_browser():
        with step("Find Chromium") as current:
            current.outcome = f"there is none, and the page's tests are skipped: {HOW}"


def install_browser(root: Path) -> None:
    """Install Debian's Chromium on this machine, as root; report why not where that cannot be."""
    if find_browser():
        return
    apt = shutil.which("apt-get")
    if os.geteuid() or not apt:
        report_browser()
        return
    say(
        "  Debian's Chromium goes to this machine, outside of this folder: /usr. CHROMIUM names another browser."
    )
    with step("Install Chromium") as current:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for detail, arguments in (
            ("reading Debian's list", ["update", "--quiet"]),
            ("unpacking", ["install", "--quiet", "--yes", "--no-install-recommends", "chromium"]),
        ):
            current.detail = detail
            try:
                run_quietly([apt, *arguments], cwd=root, failure=f"{detail} failed", env=environment)
            except SandboxError as error:
                [first, *_] = str(error).splitlines()
                current.outcome = f"{first}, and the page's tests are skipped: {HOW}"
                return
