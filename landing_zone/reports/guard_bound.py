"""The spend guard of a project as what bounds its worst month."""

from datetime import timedelta
from decimal import localcontext

from landing_zone.guarding.policy import Policy
from landing_zone.pricing.guarded_month import Guard, Throttle, lowered
from landing_zone.pricing.money import EXACT
from landing_zone.pricing.worst_month import Spender
from landing_zone.settings import AccountTermsSettings, GuardHostSettings, ProjectSettings, limits_in_force
from landing_zone.settings.guard_stops import idle


def guard_of(
    policy: Policy | None,
    project: ProjectSettings,
    host: GuardHostSettings,
    account: AccountTermsSettings,
    spender: Spender,
    lag: timedelta | None = None,
) -> Guard | None:
    """The guard of a project, as its bound counts it; None if there is none, or it bounds nothing.

    `lag`: in place of what the settings assume.
    """
    if policy is None or policy.stop is None or idle(project, host):
        return None
    if policy.currency != spender.terms.currency:
        return None
    with localcontext(EXACT):
        throttle = None
        if policy.throttle:
            lower = {model: lowered(limits, policy.throttle.to) for model, limits in project.limits.items()}
            # What the tier or quotas allow is not lowered: it may be less than a share of a limit as it is.
            held = limits_in_force(project.model_copy(update={"limits": lower}), account)
            throttle = Throttle(
                policy.level(policy.throttle.at),
                Spender(held.models, held.others, spender.terms, spender.doors),
            )
        return Guard(
            policy.level(policy.stop.at),
            policy.delays.lag if lag is None else lag,
            policy.delays.billing,
            policy.queries,
            throttle,
        )
