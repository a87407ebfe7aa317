"""Writes docs/parity.md: what of each resource type of the stand-in plugin is compared with the official one.

    .venv/bin/python docs/parity.py     # after a field, a life or a difference is added

`make parity` compares: it leads a resource of each type through the life that is recorded of the official plugin, and
fails at the first answer or request that is another.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sandbox.standins.gcp_plugin.schema import Field, Kind  # noqa: E402 found by the line above
from sandbox.standins.gcp_plugin.types import LIFECYCLES  # noqa: E402 found by the line above
from tests.standins.lives.every import LIVES  # noqa: E402 found by the line above
from tests.standins.lives.life import Inputs  # noqa: E402 found by the line above

PAGE: Final = ROOT / "docs" / "parity.md"
HEAD: Final = """\
# The stand-in plugin beside the official one

Made by `docs/parity.py`; do not edit it. `tests/standins/lives/` leads a resource of each type of the
[stand-in](sandbox.md#the-stand-ins) through its life: preview, create, refresh, updates, replacement, import,
destroy, wrong inputs, each property left out and each of another type. What the official plugin 9.35.0 answers and
sends to the local cloud is recorded there, and `make parity` fails at whatever is not the same: a value of a state,
an input, a place of a difference, a word of a refusal, a request.
"""
EVERYWHERE: Final = "every type"
DIFFERENCES: Final[tuple[tuple[str, str, str], ...]] = (
    (
        EVERYWHERE,
        "`__meta` of a preview and an import, `__pulumi_raw_state_delta`",
        "the official plugin's own notes in the state, which the stand-in does not need; not compared",
    ),
    (
        EVERYWHERE,
        "a refused property in a block within a block, or in a list's item",
        "the official plugin names that or another property of the block, not always the same; the block is compared",
    ),
    (
        "organizations/project",
        "`autoCreateNetwork`",
        "`false` is refused at the creation: it would enable the Compute API",
    ),
    (
        "projects/apiKey",
        "all",
        "a creation that Google refuses with 400 or 403 is refused at once; the official plugin tries for 20 minutes",
    ),
    (
        "storage/bucketObject",
        "`source`",
        "an address is refused: the stand-in fetches nothing from the network",
    ),
    (
        "storage/bucketObject",
        "`contexts`, `customerEncryption`",
        "are checked and kept in the state, and not sent",
    ),
    (
        "iam/workloadIdentityPool",
        "`attestationRules`",
        "are checked, and not set at Google, which has calls of their own for them",
    ),
)
"""Type, fields and the reason of what is known to differ. No life has it, or it would fail."""


def page() -> str:
    """The page as it is to be."""
    return "\n".join([HEAD, *_differences(), *_types()]) + "\n"


def _differences() -> Iterator[str]:
    yield "## What differs"
    yield ""
    yield "In the lives, nothing. Beside them:"
    yield ""
    yield "| type | fields | in the stand-in |"
    yield "| --- | --- | --- |"
    for kind, fields, reason in DIFFERENCES:
        yield f"| {kind if kind == EVERYWHERE else f'`{kind}`'} | {fields} | {reason} |"


def _types() -> Iterator[str]:
    yield ""
    yield "## What is compared"
    yield ""
    yield "A field that no life sets is as the official plugin's source has it: its type, whether it is required,"
    yield "computed or replaces the resource. Null and empty values, differences and inputs follow one rule for all."
    for life in sorted(LIVES, key=lambda life: life.name):
        fields = LIFECYCLES[f"gcp:{life.type}"].resource.fields
        every = list(_paths(fields))
        changed = {path for change in life.updates for path in _set(fields, change)}
        given = {*_set(fields, life.inputs)} - changed
        wrong = {path for change in life.bad for path in _set(fields, change)} - changed - given
        yield ""
        yield f"### {life.type.rpartition(':')[0]}"
        yield ""
        yield f"{len(life.updates)} updates, {len(life.bad)} wrong inputs of its own."
        yield ""
        for title, paths in (
            ("Changed", changed),
            ("Given", given),
            ("Only wrong", wrong),
            ("In no life", {*every} - changed - given - wrong),
        ):
            if paths:
                yield f"- {title}: {', '.join(f'`{path}`' for path in every if path in paths)}"


def _paths(fields: Mapping[str, Field], before: str = "") -> Iterator[str]:
    """The inputs of a type, those within blocks by their path."""
    for name, field in fields.items():
        if not field.settable:
            continue
        parts = _parts(field)
        if parts:
            yield from _paths(parts, f"{before}{name}.")
        else:
            yield before + name


def _set(fields: Mapping[str, Field], values: Inputs, before: str = "") -> Iterator[str]:
    """The paths of what these inputs say; what is left out of a block or is None counts as said."""
    for name, value in values.items():
        if name not in fields or not fields[name].settable:
            continue
        parts = _parts(fields[name])
        items: list[Any] = value if isinstance(value, list) else [value]
        if not parts:
            yield before + name
        for item in items if parts else ():
            if isinstance(item, Mapping):
                yield from _set(parts, item, f"{before}{name}.")


def _parts(field: Field) -> Mapping[str, Field]:
    return field.item.fields if field.item and field.item.kind is Kind.BLOCK else field.fields


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
