"""What a stack made is read back as its file says it: an update by either manages the same, and changes nothing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from landing_zone.inventory import fitted
from landing_zone.settings import load_engine
from landing_zone.settings.problems import NAMESPACE
from tests.audit.world import World
from tests.inventory.plan import STACK, Plan, deploy, handed, plan
from tests.inventory.reading import entries, read
from tests.lifecycle.adopt_cases import CASES
from tests.lifecycle.test_every_kind import TOKEN
from tests.workspace import Cloud, sampled


def settings_of(stack_file: str) -> dict[str, Any]:
    """The settings of a stack file, without the namespace."""
    config = yaml.safe_load(stack_file)["config"]
    return {name.partition(":")[2]: value for name, value in config.items() if name.startswith(NAMESPACE)}


@dataclass
class _Stage:
    """Stands for a stage and its workspace: keeps the stack file that a case writes, and starts no engine."""

    cloud: Cloud
    stack_file: Path

    @property
    def workspace(self) -> "_Stage":
        return self

    def write(self, text: str) -> None:
        self.stack_file.write_text(text)

    def pulumi(self, *_: str) -> None:
        """Neither a stack nor its secrets are needed."""


GUARDED = ("guard", "stacks/staging", "stacks/prod")
"""Their guard is a function, whose archive the engine makes."""
OTHERS = [each for each in CASES if each not in ("every kind", "twenty", *GUARDED)]
"""The first is below; the second is the same twenty times."""


def prepared(cloud: Cloud, case: str, folder: Path) -> dict[str, Any]:
    """The settings of a case, with what they need at Google."""
    stage = _Stage(cloud, folder / f"Pulumi.{STACK}.yaml")
    CASES[case](cast("Any", stage))
    return settings_of(stage.stack_file.read_text())


@pytest.mark.parametrize("case", sampled(OTHERS, 2))
def test_a_stack_file_is_read_back_as_it_was_written(cloud: Cloud, tmp_path: Path, case: str) -> None:
    written = prepared(cloud, case, tmp_path)
    deploy(cloud, written)
    by_file = plan(cloud, written)
    assert by_file.changes == []
    settings = load_engine(STACK, handed(written), Path("nowhere"))
    names = {each.project_id: name for name, each in settings.projects.items()}
    found = read(World(cloud), *names, names=names, environment=written)
    assert [each.name for each in found] == [*written["projects"]]
    by_entries = plan(cloud, {**written, "projects": {each.name: each.settings for each in found}})
    assert by_entries == by_file, [each.left_out for each in found]
    # Nor does it change anything below the file's defaults.
    fitting = {each.name: fitted(each.settings, written) for each in found}
    assert plan(cloud, {**written, "projects": fitting}) == by_file


def test_a_stack_with_everything_is_read_back_as_it_was_written(cloud: Cloud, tmp_path: Path) -> None:
    written = prepared(cloud, "every kind", tmp_path)
    for channel, secret in (("chatops", "token"), ("pager", "serviceKey"), ("locked", "password")):
        written["channels"][channel][secret] = TOKEN
    deploy(cloud, written)
    by_file = plan(cloud, written)
    assert by_file.changes == []
    projects = cloud.call("GET", "/cloudresourcemanager/v1/projects")["projects"]
    names = {each["projectId"]: "two" for each in projects if each["projectId"] == "acme-every-two"}
    ids = sorted(each["projectId"] for each in projects if each["projectId"].startswith("acme-every"))
    found = read(World(cloud), *ids, names=names, environment=written)
    assert [each.name for each in found] == ["one", "two"]
    by_entries = plan(cloud, {**written, **entries(found)})
    assert by_entries == Plan([], by_file.ids)
    managed = {(each.type, each.id) for inventory in found for each in inventory.resources}
    assert managed <= by_entries.ids
    # All but what belongs to the environment.
    rest = {kind for kind, _ in by_entries.ids - managed}
    assert rest == {"Budget", "CustomConstraint", "Dashboard", "NotificationChannel", "Topic"}
    settings = {each.name: each.settings for each in found}
    assert settings["one"]["limits"] == {
        # Google will answer calls to the first with the second.
        **{each: {"requestsPerMinute": 60} for each in ("gemini-2.5-flash", "gemini-3.5-flash-lite")},
        **{each: {"inputTokensPerMinute": 1000} for each in ("gemini-2.5-pro", "gemini-3.8-flash")},
        "others": "deny",
    }
    assert settings["one"]["alerts"]["channels"] == ["hook", "locked", "chatops", "pager", "bus", "desk"]
    assert settings["two"]["alerts"]["spendRate"] == {"times": 3, "pricePerMillionTokens": 0.6}
    assert found[0].left_out == []
    assert [line.partition(":")[0] for line in found[1].left_out] == ["keys"]
