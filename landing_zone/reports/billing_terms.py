"""Prices of a project: those of its billing account, in its budget's currency."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from landing_zone.pricing.rates import LIST_PRICES, Terms
from landing_zone.settings import EnvironmentSettings, ProjectSettings


def billing_terms(project: ProjectSettings, settings: EnvironmentSettings) -> Terms:
    """The prices of a project; in US dollars where nothing says what one is in the budget's currency."""
    account = settings.terms_of(project.billing_account)
    currency = project.budget.currency if project.budget else None
    return account.terms(currency) or account.terms(None) or LIST_PRICES


def terms_warning(name: str, project: ProjectSettings, settings: EnvironmentSettings) -> Iterator[str]:
    """Why what a project is planned to cost is not compared with its budget, if so."""
    currency = project.budget.currency if project.budget else None
    if project.workload and settings.terms_of(project.billing_account).terms(currency) is None:
        yield (
            f"{name}: costs are in US dollars and not compared with the budget in {currency}: write "
            f"gemini-landing-zone:accountTerms: {{{project.billing_account}: {{usdRate: 0.92}}}}"
        )


def unfit(name: str, settings: EnvironmentSettings) -> Iterator[str]:
    """Why a project's plan does not fit what `limits.derive` allows, if so."""
    for text in settings.unfit.get(name, ()):
        yield f"{name}: {text}"


@contextmanager
def gc_paused() -> Iterator[None]:
    """Without the garbage collector: what is made for thousands of projects is kept, and it would look at it over and
    over again."""
    if not gc.isenabled() or gc.get_freeze_count():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        # What was made goes straight to the oldest generation, not through a collection of the youngest.
        gc.freeze()
        gc.unfreeze()
        gc.enable()
