"""`limits.derive` worked out: from an overshoot that a budget allows to limits, or to why the workload does not fit."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal, localcontext
from math import ceil

from landing_zone.gemini.limits import BLOCKED, OTHERS, Limits
from landing_zone.gemini.models import counter_of
from landing_zone.pricing.estimate import Workload
from landing_zone.pricing.exposure import Prices, Window, bound
from landing_zone.pricing.largest_limits import Derived, Fit, Need, derive, fit, need_of, smallest
from landing_zone.pricing.model_ids import limited_as
from landing_zone.pricing.money import EXACT, NANO, Money
from landing_zone.pricing.rates import CHANGES_AHEAD, Terms, coming_changes
from landing_zone.settings.doors import priced_doors
from landing_zone.settings.limits_in_force import limits_in_force
from landing_zone.settings.problems import Path, Problem
from landing_zone.settings.successors import successor_of, with_successors
from landing_zone.settings.terms import AccountTermsSettings
from landing_zone.settings.types import DERIVE, ProjectSettings
from landing_zone.settings.workload import DeriveSettings

_AT: Path = ("limits", DERIVE)


@dataclass(frozen=True)
class DerivedLimits:
    """Limits that `limits.derive` gives on a day."""

    settings: DeriveSettings
    day: date
    terms: Terms
    models: Mapping[str, Derived]
    fit: Fit | None
    """Changes by which the workload's needs fit; None if they do."""

    @property
    def limits(self) -> dict[str, Limits]:
        """As settings: of each model, and all others denied."""
        return {**{model: each.limits for model, each in self.models.items()}, OTHERS: BLOCKED}


def derive_limits(
    project: ProjectSettings, settings: DeriveSettings, account: AccountTermsSettings, day: date
) -> tuple[DerivedLimits | None, list[Problem]]:
    """The limits on a day; or the mistakes that keep them from being worked out, with paths from the project down.

    `project.limits` are those set by hand beside `derive`: what they can cost is taken off the overshoot.
    """
    by_model: dict[str, list[Workload]] = {}
    for entry in project.workload:
        limited = limited_as(entry.model)
        # Of embeddings only the requests a minute can be limited: by hand.
        if limited and counter_of(limited) == "content":
            by_model.setdefault(limited, []).append(entry.planned)
    project = project.model_copy(update={"limits": with_successors(project.limits, day)})
    settings, by_model = _under_both_names(project, settings, by_model, day)
    problems = list(_mistakes(project, settings, by_model))
    currency = (project.budget.currency if project.budget else None) or "USD"
    terms = account.terms(currency)
    if terms is None:
        problems.append(
            Problem(
                (*_AT, "maxOvershoot"),
                f"prices are in US dollars, the budget is in {currency}, and nothing says what a dollar is in it",
                f"write gemini-landing-zone:accountTerms: {{{project.billing_account}: {{usdRate: 0.92}}}}",
            )
        )
    if problems or terms is None:
        return None, problems
    targets = settings.shares or {model: Decimal(0) for model in by_model if model not in project.limits}
    by_hand, problems = _by_hand(project, settings.lag, day, terms, account)
    if problems:
        return None, problems

    def enough() -> Iterator[str]:
        planned = {model: by_model.get(model, []) for model in targets}
        return _enough(project, settings, planned, day, terms, account)

    with localcontext(EXACT):
        left = settings.max_overshoot - by_hand
    if left <= 0:
        cost = f"{Money(by_hand, terms.currency)} over {format_lag(settings.lag)}"
        reason = f"the limits set by hand alone can cost {cost}"
        return None, [
            Problem(
                (*_AT, "maxOvershoot"),
                reason,
                ", or ".join([*(f"write {each}" for each in enough()), "lower those limits"]),
            )
        ]
    doors = priced_doors(project)
    prices = {model: Prices.of(model, day, terms, doors) for model in targets}
    needs = {model: need for model in targets if (need := need_of(by_model.get(model, []), day))}
    allowances = _allowances(left, settings, prices, needs)
    tiers = {model: account.tier_limits[model] for model in targets if model in account.tier_limits}
    models = {
        model: derive(
            prices[model], allowances[model], settings.lag, needs.get(model), tiers.get(model, Limits())
        )
        for model in targets
    }
    what = None
    if any(each.needs_exposure > each.allowance for each in models.values()):
        needing = {model: (prices[model], need) for model, need in needs.items()}
        what = fit(needing, left, _shares(allowances, left), settings.lag)
    found = DerivedLimits(settings, day, terms, models, what)
    return found, [*_unfit(found, enough()), *_over_the_tier(found, tiers)]


def _under_both_names(
    project: ProjectSettings, settings: DeriveSettings, by_model: Mapping[str, list[Workload]], day: date
) -> tuple[DeriveSettings, dict[str, list[Workload]]]:
    """With each model's successor, which needs what the model does, and half of its share."""
    planned, shares = dict(by_model), dict(settings.shares)
    for model in {*by_model, *shares} - project.limits.keys():
        successor = successor_of(model, day)
        if not successor or successor in {*by_model, *settings.shares, *project.limits}:
            continue
        if model in planned:
            planned[successor] = [*planned.get(successor, []), *planned[model]]
        if model in shares:
            with localcontext(EXACT):
                shares[model] /= 2
                shares[successor] = shares.get(successor, Decimal(0)) + shares[model]
    return settings.model_copy(update={"shares": shares}), planned


def _mistakes(
    project: ProjectSettings, settings: DeriveSettings, by_model: Mapping[str, list[Workload]]
) -> Iterator[Problem]:
    if project.tier == "free":
        yield Problem(_AT, "a free project spends nothing", "write limits by hand, or tier: paid")
    others = project.limits.get(OTHERS)
    if others is not None and not others.blocks:
        yield Problem(
            ("limits", OTHERS),
            "derived limits bound the spend only if no other model can be called",
            "leave others out: derive denies them",
        )
    for model in settings.shares:
        if counter_of(model) == "embeddings":
            yield Problem(
                (*_AT, "shares", model),
                f"no limits are derived for {model}: Google counts its requests a minute alone",
                f"write {model}: {{requestsPerMinute: 60}} beside derive",
            )
        if model in project.limits:
            yield Problem(
                ("limits", model),
                f"{model} has limits by hand, and a share of what is derived",
                f"leave {model} out of limits or out of shares",
            )
    for model in by_model if settings.shares else ():
        if model not in settings.shares and model not in project.limits:
            yield Problem(
                (*_AT, "shares"),
                f"the workload uses {model}, which gets no share: it would be denied",
                f"write shares: {{{model}: 0.5}}, or take it out of the workload",
            )
    if not settings.shares and all(model in project.limits for model in by_model):
        yield Problem(
            _AT,
            "nothing says for which models limits are to be derived",
            "write shares: {gemini-3.5-flash-lite: 1}, or a workload",
        )


def _by_hand(
    project: ProjectSettings, lag: timedelta, day: date, terms: Terms, account: AccountTermsSettings
) -> tuple[Decimal, list[Problem]]:
    """The most that the limits set by hand can cost over a lag, and those that nothing bounds."""
    total, problems = Decimal(0), []
    denying = project.model_copy(update={"limits": {**project.limits, OTHERS: BLOCKED}})
    for model, limits in limits_in_force(denying, account).models.items():
        found = bound(Prices.of(model, day, terms, priced_doors(project)), limits, Window.any(lag))
        if found is None:
            problems.append(
                Problem(
                    ("limits", model) if model in project.limits else ("quotas",),
                    "nothing bounds its requests, so that no overshoot holds",
                    f"write {model}: {{requestsPerMinute: 60}}, or requestsPerDay",
                )
            )
            continue
        with localcontext(EXACT):
            total += found.total
    return total, problems


def _enough(
    project: ProjectSettings,
    settings: DeriveSettings,
    planned: Mapping[str, list[Workload]],
    day: date,
    terms: Terms,
    account: AccountTermsSettings,
) -> Iterator[str]:
    """The smallest `maxOvershoot` that the plan fits in, and the larger one that a rise of prices soon asks for."""

    def on(when: date) -> int | None:
        by_hand, _ = _by_hand(project, settings.lag, when, terms, account)
        needs = {
            model: (Prices.of(model, when, terms, priced_doors(project)), need)
            for model, workloads in planned.items()
            if (need := need_of(workloads, when))
        }
        needed = smallest(needs, settings.shares or None, settings.lag)
        # Without a need, limits set by hand are to leave something all the same.
        with localcontext(EXACT):
            return None if needed is None else ceil(by_hand + (needed or NANO))

    now = on(day)
    if now is None:
        return
    later = ((when, on(when)) for when, _ in coming_changes(tuple(planned), day, CHANGES_AHEAD))
    rise = next((f" (from {when}: {most})" for when, most in later if most and most > now), "")
    yield f"maxOvershoot: {now} or more{rise}"


def _allowances(
    left: Decimal, settings: DeriveSettings, prices: Mapping[str, Prices], needs: Mapping[str, Need]
) -> dict[str, Decimal]:
    """Model -> what it may cost over the lag: by its share, or else by what its need costs."""
    with localcontext(EXACT):
        if settings.shares:
            return {model: _down(left * share) for model, share in settings.shares.items()}
        window = Window.any(settings.lag)
        costs = {}
        for model, need in needs.items():
            cost = bound(prices[model], need.limits, window)
            costs[model] = cost.total if cost else Decimal(0)
        everything = sum(costs.values(), Decimal(0))
        if not everything:
            return {model: _down(left / len(prices)) for model in prices}
        # Each gets what it needs first, if all do.
        base = costs if everything <= left else dict.fromkeys(costs, Decimal(0))
        rest = left - sum(base.values(), Decimal(0))
        found = {model: base[model] + _down(rest * costs[model] / everything) for model in costs}
        return {model: found.get(model, Decimal(0)) for model in prices}


def _down(amount: Decimal) -> Decimal:
    return amount.quantize(NANO, rounding=ROUND_FLOOR)


def _shares(allowances: Mapping[str, Decimal], left: Decimal) -> dict[str, Decimal]:
    with localcontext(EXACT):
        return {model: allowance / left for model, allowance in allowances.items()}


def _unfit(found: DerivedLimits, enough: Iterable[str]) -> Iterator[Problem]:
    if found.fit is None:
        return
    currency = found.terms.currency
    needs = "; ".join(
        f"{model} needs {Money(each.needs_exposure, currency)} of its {Money(each.allowance, currency)} "
        f"({_shown(each.need.limits)})"
        for model, each in found.models.items()
        if each.need and each.needs_exposure > each.allowance
    )
    ways = [*enough, *_ways(found.fit)]
    yield Problem(
        _AT,
        f"the workload does not fit: over {format_lag(found.settings.lag)} {needs}",
        f"write {', or '.join(ways)}; or plan less" if ways else "plan less",
    )


def _ways(what: Fit) -> Iterator[str]:
    """Changes of the other settings by which the workload fits, each by itself."""
    if what.lag is not None:
        yield f"lag: {format_lag(what.lag)}"
    if what.shares is not None:
        yield f"shares: {{{', '.join(f'{model}: {share:f}' for model, share in what.shares.items())}}}"


def _over_the_tier(found: DerivedLimits, tiers: Mapping[str, Limits]) -> Iterator[Problem]:
    for model, each in found.models.items():
        need, tier = each.need, tiers.get(model)
        if need and tier and need.limits.tightened(tier) != need.limits:
            yield Problem(
                ("workload",),
                f"{model} needs more than the account's tier allows: {_shown(need.limits)}, of {_shown(tier)}",
                "plan less, or raise accountTerms.….tierLimits once Google has raised the quota",
            )


def _shown(limits: Limits) -> str:
    values = {
        "requests a minute": limits.requests_per_minute,
        "requests a day": limits.requests_per_day,
        "input tokens a minute": limits.input_tokens_per_minute,
    }
    return ", ".join(f"{value:,} {name}" for name, value in values.items() if value is not None)


def format_lag(length: timedelta) -> str:
    """A time as the settings have it: 24h, 90m."""
    minutes = int(length.total_seconds()) // 60
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"
