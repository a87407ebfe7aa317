"""docs/reference.md: up to date, whole, and true."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pulumi_gcp
import pytest

import components.host
from components import alerts, budget, care, channels, dashboard, keys, limits, project, quotas
from provider.package import RESOURCES

ROOT = Path(__file__).parents[2]
MODULES = (
    alerts,
    budget,
    care,
    channels,
    dashboard,
    keys,
    limits,
    project,
    quotas,
    components.host,
    components,
)


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(reference: ModuleType) -> None:
    assert (ROOT / "docs" / "reference.md").read_text() == reference.text(), (
        "run: .venv/bin/python docs/reference.py > docs/reference.md"
    )


def test_every_setting_has_a_row_and_every_row_a_setting(reference: ModuleType) -> None:
    for model, rows in reference.ROWS.items():
        assert rows.keys() == reference.fields(model).keys(), model.__name__


def test_every_component_resource_and_test_named_is_there(reference: ModuleType) -> None:
    known = {name for module in MODULES for name in vars(module)} | {"TierCheck"}
    own = {token.rpartition(":")[2]: resource.properties for token, resource in RESOURCES.items()}
    for row in (row for rows in reference.ROWS.values() for row in rows.values()):
        component, resource, _, test = row
        assert set(component.split(", ")) <= known, row
        for name in resource.replace(" or ", ", ").split(", "):
            head, _, rest = name.partition(".")
            if head in own:
                assert not rest or rest in own[head], row
            elif rest[:1].isupper():
                cls = getattr(getattr(pulumi_gcp, head), rest.partition(".")[0])
                prop = rest.partition(".")[2].partition(".")[0]
                assert not prop or hasattr(cls, prop), row
        path, _, function = test.partition("::")
        assert f"def {function}(" in (ROOT / path).read_text(), row
