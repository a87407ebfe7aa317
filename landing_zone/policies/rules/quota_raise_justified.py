"""A higher quota is a higher worst case: it undoes a limit that somebody set on purpose. Google grants many raises by
itself within minutes, so the question why is to be asked before."""

from collections.abc import Iterator

from pydantic import Field

from landing_zone.gemini import GEMINI_API
from landing_zone.policies.facts import UNKNOWN, Facts, Quota
from landing_zone.policies.options import Whole
from landing_zone.policies.policy import Finding, Options, Policy, Scope, Severity


class _Options(Options):
    ceiling: Whole | None = Field(
        default=None, description="The highest value that any quota may be asked for; without it any number."
    )
    ceilings: dict[str, Whole] = Field(default={}, description="The same by quota id, before `ceiling`.")


def _ceiling(quota: Quota, options: _Options) -> int | None:
    if quota.quota_id is None:
        return options.ceiling
    if quota.quota_id is not UNKNOWN:
        return options.ceilings.get(quota.quota_id, options.ceiling)
    # Which one holds is not known: what is over the highest is over each.
    return None if options.ceiling is None else max([options.ceiling, *options.ceilings.values()])


def _wrong(quota: Quota, options: _Options) -> Iterator[tuple[str, str, str]]:
    """Message, remedy, and remedy where there is no stack file."""
    ceiling = _ceiling(quota, options)
    if quota.automatic is True:
        yield (
            "lets Google raise its quotas by itself, without a reason or a ceiling",
            "write enablement: DISABLED",
            "",
        )
    if quota.automatic is not False or quota.value in (0, UNKNOWN):
        # What is shut is no raise.
        return
    if quota.value == -1:
        yield "asks for no limit at all", "write a number", ""
    elif ceiling is not None and quota.value > ceiling:
        yield f"asks for {quota.value:,}, and at most {ceiling:,} is allowed", f"write at most {ceiling}", ""
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
        for message, remedy, elsewhere in _wrong(quota, options):
            yield Finding(quota.subject, message, remedy, elsewhere=elsewhere, place=quota.subject.at())


POLICY = Policy(
    id="quota-raise-justified",
    title="A quota that Google is asked for has a reason and stays under the ceiling",
    severity=Severity.HIGH,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Say why, and who answers; stay under the ceiling.",
    source=(
        "Google: quota increase requests, and what is granted by itself",
        "https://cloud.google.com/docs/quotas/view-manage",
    ),
    judge=_judge,
    options=_Options,
)
