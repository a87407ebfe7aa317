"""docs/reference.md: up to date, whole, and true."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi_gcp
import pytest
from google.cloud import cloudquotas_v1
from googleapiclient import discovery_cache

import components.notifications
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
    own = {token.rpartition(":")[2]: resource.properties for token, resource in RESOURCES.items()}
    known = {name for module in MODULES for name in vars(module)} | own.keys() | {"none"}
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


def test_every_setting_stands_in_the_test_that_proves_it(reference: ModuleType) -> None:
    stacks = "".join(file.read_text() for file in (ROOT / "stacks").glob("Pulumi.*.yaml"))
    for model, rows in reference.ROWS.items():
        for name, (*_, test) in rows.items():
            code = (ROOT / test.partition("::")[0]).read_text()
            held = code + stacks if '"stacks"' in code else code
            assert re.search(rf"\b{name}\b", held), (model.__name__, name, test)


# In the order in which a name that several services have is looked for.
DISCOVERY = (
    "billingbudgets.v1",
    "cloudresourcemanager.v1",
    "cloudresourcemanager.v3",
    "cloudbilling.v1",
    "apikeys.v2",
    "monitoring.v3",
    "monitoring.v1",
    "serviceusage.v1beta1",
    "pubsub.v1",
    "essentialcontacts.v1",
    "orgpolicy.v2",
)


def has_field(schemas: dict[str, Any], schema: dict[str, Any], path: list[str]) -> bool:
    """Whether a schema of Google's has the field at the path."""
    while "$ref" in schema or "items" in schema:
        schema = schemas[schema["$ref"]] if "$ref" in schema else schema["items"]
    if not path:
        return True
    below = schema.get("properties", {}).get(path[0])
    return below is not None and has_field(schemas, below, path[1:])


def test_every_api_field_is_googles(reference: ModuleType) -> None:
    documents = Path(discovery_cache.__file__).parent / "documents"
    services = [json.loads((documents / f"{name}.json").read_text())["schemas"] for name in DISCOVERY]
    for _, _, fields, _ in (row for rows in reference.ROWS.values() for row in rows.values()):
        for field in fields.split(", "):
            schema, *path = field.replace("[]", "").split(".")
            if not schema[:1].isupper():
                continue  # a path's part, or nothing at Google
            if message := getattr(cloudquotas_v1, schema, None):
                names = {entry.json_name for entry in message.pb().DESCRIPTOR.fields}
                assert set(path[:1]) <= names, field
            else:
                assert any(
                    has_field(schemas, schemas[name], path)
                    for schemas in services
                    for name in schemas
                    if name.endswith(schema)
                ), field
