"""Which methods a local cloud has answered with success in which test module: for docs/coverage.md."""

import json
import os
from collections.abc import Sequence
from typing import Any

from docs.coverage import FOLDER

WANTED = "RECORD_METHODS" in os.environ


def record(requests: Sequence[dict[str, Any]]) -> None:
    """Write down the methods of a journal's entries as those of the test that runs."""
    methods = {
        f"{each['service']} {each['version']} {each['id']}"
        for each in requests
        if each["id"] and each["status"] < 400
    }
    module = os.environ["PYTEST_CURRENT_TEST"].partition("::")[0]
    FOLDER.mkdir(parents=True, exist_ok=True)
    # A file for each worker of pytest-xdist.
    with (FOLDER / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"module": module, "methods": sorted(methods)}) + "\n")
