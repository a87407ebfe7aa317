"""Model ids: their entry in the package genai-prices, their record, and the id that limits are set by."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ClauseAnd,
    ClauseEquals,
    ClauseOr,
    ClauseStartsWith,
    ModelInfo,
)

from landing_zone.gemini.models import QUOTA_NAMES, RECORDS, Model, Retirement
from landing_zone.pricing.days import today

_VERSION: Final = re.compile(r"-?(?:preview)?(?:-?[0-9]{2,4})*(?:-customtools)?")
"""Endings that name a version of a model, at the model's price."""


class UnknownModelError(Exception):
    """No price is known for a model; names similar models that Google still serves."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.nearest = difflib.get_close_matches(model.casefold(), served(known_models()), n=3)
        hint = (
            f"did you mean {' or '.join(self.nearest)}?"
            if self.nearest
            else "gemini-lz prices list shows them"
        )
        super().__init__(f"no price is known for the model {model!r}: {hint}")


@dataclass(frozen=True)
class Size:
    """Most tokens of one request."""

    context: int
    """Input tokens."""
    output: int
    """Output tokens, thinking included."""


@lru_cache(maxsize=1)
def _entries() -> Mapping[str, ModelInfo]:
    """Gemini models in genai-prices, by id."""
    google = next(provider for provider in get_snapshot().providers if provider.id == "google")
    return {model.id: model for model in google.models if model.id.startswith("gemini-")}


@lru_cache(maxsize=1)
def known_models() -> tuple[str, ...]:
    """The ids of the models whose prices are known, in order."""
    return tuple(sorted({*_entries(), *RECORDS}))


def served(models: Iterable[str]) -> list[str]:
    """Those that Google still serves today: a model that was shut down is never suggested."""
    day = today()
    return [each for each in models if not (each in RECORDS and RECORDS[each].is_gone(day))]


@lru_cache(maxsize=4096)
def entry_of(model: str) -> ModelInfo:
    """Its entry in genai-prices: by its id, or as a version of a model. Raises UnknownModelError."""
    entries = _entries()
    if model in entries:
        return entries[model]
    found = next((info for info in entries.values() if info.is_match(model)), None)
    # The package matches loosely (`gemini-2.5-pro-anything`): only what names a version counts as one here.
    if found and (model in RECORDS or model.endswith("-latest") or _names_version(found, model)):
        return found
    raise UnknownModelError(model)


def _names_version(info: ModelInfo, model: str) -> bool:
    starts = {info.id, *_starts(info.match)}
    return any(model.startswith(start) and _VERSION.fullmatch(model[len(start) :]) for start in starts)


def _starts(clause: Any) -> set[str]:
    match clause:
        case ClauseEquals():
            return {clause.equals}
        case ClauseStartsWith():
            return {clause.starts_with}
        case ClauseOr():
            return set().union(*map(_starts, clause.or_))
        case ClauseAnd():
            return set().union(*map(_starts, clause.and_))
        case _:
            return set()


def check_model(model: str) -> None:
    """Raises UnknownModelError for a model that has no price."""
    entry_of(model)


def canonical(model: str) -> str:
    """The id whose prices hold for a model: `gemini-2.5-flash` for `gemini-2.5-flash-preview-09-2025`."""
    return entry_of(model).id


@lru_cache(maxsize=4096)
def record_of(model: str) -> Model | None:
    """Its record: by its id, or that of the model it is a version of."""
    return RECORDS.get(model) or RECORDS.get(canonical(model))


@lru_cache(maxsize=4096)
def limited_as(model: str) -> str | None:
    """The id that limits are set by for calls to a model, which may be a version of it; None if none can be set."""
    return next((each for each in (model, canonical(model)) if each in QUOTA_NAMES), None)


def size_of(model: str) -> Size | None:
    """Most tokens of one request; None where no size is known."""
    record = record_of(model)
    if record:
        return Size(record.context, record.output)
    window = entry_of(model).context_window
    return Size(window, 65_536) if window else None


def retirement_of(model: str) -> Retirement | None:
    """Its announced shutdown, if any."""
    record = record_of(model)
    return record.retirement if record else None
