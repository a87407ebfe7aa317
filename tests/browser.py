"""The browser of the tests of pages: the system's Chromium."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, sync_playwright

from sandbox.browser import find_browser

_QUIET: Final = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)
"""Chromium without what it would do in the network by itself."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running Chromium; skips the test if there is none."""
    path = find_browser()
    if path is None:
        pytest.skip("no Chromium: install it, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(_QUIET))
        yield running
        running.close()
