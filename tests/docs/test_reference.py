"""docs/reference.md is up to date, and the defaults that descriptions name are the program's."""

from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from docs.reference import sections, text
from landing_zone.settings import alerting, budgets, schema, terms, types, workload
from landing_zone.settings.base import Settings

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"
MODELS = {
    name: model
    for module in (types, budgets, alerting, workload, terms, schema)
    for name, model in vars(module).items()
    if isinstance(model, type) and issubclass(model, Settings)
}
DEFAULTS = [
    (model, name)
    for model in MODELS.values()
    for name, field in model.model_fields.items()
    # None, and what is empty, the program fills in later.
    if " Default: " in (field.description or "") and field.default not in (None, {}, ())
]


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == text(), "run: .venv/bin/python docs/reference.py > docs/reference.md"


def test_every_setting_is_described() -> None:
    undescribed = [
        (section.definition, name)
        for section in sections().values()
        for name, entry in section.own.items()
        if not entry.get("description")
    ]
    assert undescribed == []


@pytest.mark.parametrize(("model", "name"), DEFAULTS)
def test_a_default_in_a_description_is_the_default(model: type[Settings], name: str) -> None:
    field: FieldInfo = model.model_fields[name]
    described = (field.description or "").partition(" Default: ")[2].rstrip(".").partition(";")[0]
    annotation: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    assert TypeAdapter(annotation).validate_python(yaml.safe_load(described)) == field.default
