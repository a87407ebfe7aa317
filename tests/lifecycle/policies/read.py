"""Run by the pack's own Python: stacks of resources on standard input → what the pack reads in each; all as JSON."""

import json
import sys
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from gemini_policies.declared import Resource
from gemini_policies.facts_from_resources import facts_of
from gemini_policies.values import plain
from landing_zone.policies.known_types import package_of


def json_of(value: Any) -> Any:
    """What JSON can say of facts."""
    if is_dataclass(value):
        return {
            each.name: json_of(getattr(value, each.name)) for each in fields(value) if each.name != "subject"
        }
    if isinstance(value, dict):
        return {name: json_of(each) for name, each in value.items()}
    if isinstance(value, tuple | frozenset):
        return [json_of(each) for each in (sorted(value) if isinstance(value, frozenset) else value)]
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value if isinstance(value, bool | int | None) else str(value)


def resource(values: dict[str, Any]) -> Resource:
    """One resource; its values have Pulumi's sign for what is not known."""
    for name in values.keys() & {"props", "given"}:
        values[name] = plain(values[name])
    # Made by the provider that the type names.
    return Resource(**{"package": package_of(values["type"]), **values})


stacks = json.load(sys.stdin)
found = [json_of(facts_of(map(resource, each), date(2026, 11, 24), {})) for each in stacks]
json.dump(found, sys.stdout)
