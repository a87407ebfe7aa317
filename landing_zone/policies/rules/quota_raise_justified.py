"""A higher quota is a higher worst case: it undoes a limit that was set on purpose. Google grants many requests
automatically within minutes, so the reason has to be given before."""

from collections.abc import Iterator

from pydantic import Field

from landing_zone.gemini import GEMINI_API
from landing_zone.policies.facts import UNKNOWN, Facts, Quota
from landing_zone.policies.options import Whole
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity


class _Options(Options):
    ceiling: Whole | None = Field(
        default=None, description="Largest value to request for any quota. Default: unlimited."
    )
    ceilings: dict[str, Whole] = Field(
        default={}, description="Ceilings by quota ID, which take precedence over ceiling."
    )


def _ceiling(quota: Quota, options: _Options) -> int | None:
    if quota.quota_id is None:
        return options.ceiling
    if quota.quota_id is not UNKNOWN:
        return options.ceilings.get(quota.quota_id, options.ceiling)
    # The quota is unknown: a value above the highest ceiling is above each.
    return None if options.ceiling is None else max([options.ceiling, *options.ceilings.values()])


def _defects(quota: Quota, options: _Options) -> Iterator[tuple[str, str, str]]:
    """Message, remedy, and remedy outside a stack file."""
    ceiling = _ceiling(quota, options)
    if quota.automatic is True:
        yield (
            "allows Google to raise its quotas automatically, without a reason or a ceiling",
            "write enablement: DISABLED",
            "",
        )
    if quota.automatic is not False or quota.value in (0, UNKNOWN):
        # A value of 0 raises nothing.
        return
    if quota.value == -1:
        yield "requests no limit at all", "write a number", ""
    elif ceiling is not None and quota.value > ceiling:
        yield f"requests {quota.value:,}, and at most {ceiling:,} is allowed", f"write at most {ceiling}", ""
    missing = [
        name
        for name, value in (("justification", quota.justification), ("contactEmail", quota.contact))
        if not value
    ]
    if missing:
        what = f"write {' and '.join(missing)}"
        yield (
            f"has no {' and no '.join(missing)}",
            f"{what}; to lower a limit, write it under limits, or name it by metric and limit",
            f"{what}; to lower a limit, use an override (gcp.serviceusage.ConsumerQuotaOverride)",
        )


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    for quota in facts.quotas:
        if quota.service != GEMINI_API:
            continue
        for message, remedy, elsewhere in _defects(quota, options):
            yield Finding(quota.subject, message, remedy, elsewhere=elsewhere, setting=quota.subject.at())


POLICY = Policy(
    id="quota-raise-justified",
    title="A quota request has a reason and stays under the ceiling",
    group=Group.SPEND,
    severity=Severity.HIGH,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Write a justification and a contact; stay under the ceiling.",
    source=(
        "Google: quota increase requests, and which are granted automatically",
        "https://cloud.google.com/docs/quotas/view-manage",
    ),
    judge=_judge,
    options=_Options,
)
