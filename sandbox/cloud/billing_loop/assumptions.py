"""What Google does not publish of its billing: how late each part of it is. Settable, with defaults of what was seen.

Costs: usage shows up hours to a day later. Spend caps stop within the day that people plan with; the same is taken for
the cap of a tier. Single stops were reported 32 hours after the money was spent: set `capMinutes` to see what those do.
Lags are drawn from the seed of the run, mostly near the least.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import timedelta
from typing import Any, Final

from sandbox.cloud.core import chance, local_state
from sandbox.cloud.core.messages import camel_case, snake_case
from sandbox.cloud.core.store import Store

_KEY: Final = "billing"


@dataclass(frozen=True, slots=True)
class Assumptions:
    """How billing behaves.

    Attributes:
        cost_hours: the least and the most hours from the end of an hour of usage until it is a cost.
        cap_minutes: the least and the most minutes from an amount spent until its spend cap is enforced.
        tier_cap_minutes: the same, of the cap that an account's tier has.
        tier_caps: tier → US dollars a month at which all projects of an account pause; of tier 3 the least published.
        tier_rates: tier → US dollars in any 10 minutes at which they pause until it is less.
        tier_rates_apply: whether `tier_rates` are enforced.
    """

    cost_hours: tuple[float, float] = (6, 24)
    cap_minutes: tuple[float, float] = (10, 1440)
    tier_cap_minutes: tuple[float, float] = (10, 1440)
    tier_caps: Mapping[str, float] = field(default_factory=lambda: {"1": 250, "2": 2_000, "3": 20_000})
    tier_rates: Mapping[str, float] = field(default_factory=lambda: {"1": 10, "2": 50, "3": 200})
    tier_rates_apply: bool = True

    def as_json(self) -> dict[str, Any]:
        """As the control surface shows them."""
        return {camel_case(name): value for name, value in asdict(self).items()}


def get(store: Store) -> Assumptions:
    """The assumptions in force."""
    found: dict[str, Any] = local_state.get(store, _KEY, {})
    values: dict[str, Any] = {
        snake_case(name): tuple(value) if isinstance(value, list) else value for name, value in found.items()
    }
    return Assumptions(**values)


def change(store: Store, body: Any) -> Assumptions:
    """Set some; the others stay.

    Raises:
        ValueError: an unknown name or a value that makes no sense.
    """
    known = {camel_case(each.name) for each in fields(Assumptions)}
    if not isinstance(body, dict) or body.keys() - known:
        raise ValueError(f"the body is an object with any of {', '.join(sorted(known))}")
    found = get(store)
    for name, value in body.items():
        found = replace(found, **{snake_case(name): _checked(name, value)})
    local_state.put(store, _KEY, found.as_json())
    return found


def lag(store: Store, bounds: tuple[float, float], unit: timedelta, *purpose: object) -> timedelta:
    """A lag between two bounds, in whole seconds; half of them are in the lowest eighth."""
    least, most = (bound * unit.total_seconds() for bound in bounds)
    return timedelta(seconds=round(least + (most - least) * chance.share(store, *purpose) ** 3))


def _checked(name: str, value: Any) -> Any:
    if name == "tierRatesApply":
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be true or false")
        return value
    if name in ("tierCaps", "tierRates"):
        if not isinstance(value, dict) or value.keys() != {"1", "2", "3"}:
            raise ValueError(f'{name} must be an object: {{"1": dollars, "2": dollars, "3": dollars}}')
        numbers = list(value.values())
    else:
        numbers = value if isinstance(value, list) and len(value) == 2 else [None]
    if not all(
        isinstance(each, int | float) and not isinstance(each, bool) and each >= 0 for each in numbers
    ):
        raise ValueError(f"{name} must have numbers of 0 or more, a least and a most where it is a list")
    if isinstance(value, list) and value[0] > value[1]:
        raise ValueError(f"{name}: the least is more than the most")
    return tuple(value) if isinstance(value, list) else value
