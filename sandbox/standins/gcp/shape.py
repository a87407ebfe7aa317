"""What a resource's outputs look like: Google leaves zeros out, Pulumi's `gcp` provider fills them in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Block:
    """A nested message; null where Google has none."""

    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Each:
    """A list of messages."""

    block: Block


def shaped(shape: Any, wire: Any) -> Any:
    """`wire` in the form of `shape`: a zero value stands for itself, a Block or Each for what is below."""
    if isinstance(shape, Block):
        if wire is None:
            return None
        return {name: shaped(below, wire.get(name)) for name, below in shape.fields.items()}
    if isinstance(shape, Each):
        return [shaped(shape.block, item) for item in wire or []]
    return shape if wire is None else wire
