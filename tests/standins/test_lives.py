"""A resource of each type has the same life with the stand-in as with the official plugin, which refuses the same.

`lives/recorded/` has what the official plugin, 9.35.0, answered and sent to the local cloud. With OFFICIAL_GCP_PLUGIN
naming that plugin's binary, the test records the lives anew.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import local_cloud
from sandbox.layout import ROOT, Layout
from tests.conftest import launched
from tests.standins.lives.every import LIVES
from tests.standins.lives.leading import led, places
from tests.standins.lives.life import Life, home
from tests.standins.lives.plugin import Plugin, running, steady
from tests.workspace import Cloud, sampled

LIVES_FOLDER = Path(__file__).parent / "lives"
OFFICIAL = os.environ.get("OFFICIAL_GCP_PLUGIN")

Place = tuple[Plugin, Cloud, dict[str, str]]
"""The plugin, the cloud that it works on, and the names in the lives' texts."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    layout = Layout(program=ROOT, state=tmp_path_factory.mktemp("cloud"))
    try:
        cloud = Cloud(launched(layout, ()))
        names = home(cloud)
        with running(cloud, OFFICIAL) as plugin:
            yield plugin, cloud, names
    finally:
        local_cloud.stop(layout)


@pytest.mark.parametrize("life", [pytest.param(life, id=life.name) for life in sampled(LIVES, 12)])
def test_parity_of_a_life(life: Life, place: Place) -> None:
    plugin, cloud, names = place
    steps = led(plugin, cloud, life, names)
    recording = LIVES_FOLDER / "recorded" / f"{life.name}.json"
    if OFFICIAL:
        lines = ",\n".join(json.dumps(step, sort_keys=True, separators=(",", ":")) for step in steps)
        recording.write_text(f"[\n{lines}\n]\n")
        return
    official: list[dict[str, Any]] = json.loads(recording.read_text())
    differing = {
        f"{number} {theirs['step']}": found
        for number, (ours, theirs) in enumerate(zip(steps, official, strict=True))
        if (found := sorted(places(ours, {**steady(theirs), "step": theirs["step"]})))
    }
    assert not differing
