"""Prices as this project has them against Google's own catalogue, by SKU id."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from landing_zone.gemini.models import RECORDS
from landing_zone.pricing.money import plain
from landing_zone.pricing.rates import listed_rates


@dataclass(frozen=True)
class Checked:
    """One SKU's price, twice."""

    sku: str
    model: str
    kind: str
    ours: Decimal
    """US dollars for a million tokens."""
    theirs: Decimal | None
    problem: str | None
    """The difference; None if both are the same."""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "sku": self.sku,
            "model": self.model,
            "kind": self.kind,
            "ours": plain(self.ours),
            "catalogue": plain(self.theirs) if self.theirs is not None else None,
            "problem": self.problem,
        }


@dataclass(frozen=True)
class Verification:
    """Result of a comparison."""

    day: date
    checked: tuple[Checked, ...]
    besides: int
    """SKUs of the catalogue whose id is not known here."""

    @property
    def differences(self) -> list[Checked]:
        """Prices that differ."""
        return [each for each in self.checked if each.problem]


def verify(catalogue: Iterable[tuple[str, str, Decimal | None]], day: date) -> Verification:
    """Compare a day's list prices. `catalogue`: SKU id, unit of usage, US dollars for a million units."""
    found = {sku: (unit, price) for sku, unit, price in catalogue}
    checked = []
    known = {sku: (model.id, kind) for model in RECORDS.values() for sku, kind in model.skus.items()}
    for sku, (model, kind) in known.items():
        # The SKU is the model's own, whatever Google answers its calls with.
        ours: Decimal = getattr(listed_rates(model, day), kind)
        unit, theirs = found.get(sku, ("", None))
        problem = None
        if sku not in found:
            problem = "not in the catalogue: Google may have replaced it"
        elif theirs is None:
            problem = "has no price in the catalogue"
        elif unit != "count":
            problem = f"is charged by {unit!r}, not by the token: compare it by hand"
        elif theirs != ours:
            problem = f"{plain(ours)} here, {plain(theirs)} in the catalogue"
        checked.append(Checked(sku, model, kind, ours, theirs, problem))
    return Verification(day, tuple(checked), len(found.keys() - known.keys()))
