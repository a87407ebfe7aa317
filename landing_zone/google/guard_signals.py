"""What a project used since its record was settled, priced as an upper bound."""

from datetime import datetime, timedelta

from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google
from landing_zone.google.time_series import HOUR
from landing_zone.google.usage_series import MINUTE, read
from landing_zone.guarding.decision import Signals
from landing_zone.guarding.messages import BudgetMessage
from landing_zone.guarding.policy import Policy
from landing_zone.guarding.record import Record, period_of, start_of
from landing_zone.pricing.metered import LOOK_BACK, Use, priced

_BY_MINUTES = timedelta(hours=3)
"""So much is read by minutes; of more, whole hours that are long over."""


def signals_of(
    google: Google, policy: Policy, record: Record | None, message: BudgetMessage | None, now: datetime
) -> Signals:
    """What the guard sees in a project; of what could not be read, the rest, and the message: what is billed counts."""
    since = start_of(period_of(now))
    if record and record.period == period_of(now) and record.currency == policy.currency:
        since = record.meter.watermark
    until = now.replace(second=0, microsecond=0)
    uses: list[Use] = []
    known = True
    error: GoogleError | None = None
    for start, end, length in parts_of(since, until):
        found = read(google, policy.project, start, end, policy.counted, length, partly=True)
        uses += found.uses
        known = known and found.known
        error = error or found.error
    found_price = priced(uses, policy.terms, policy.doors, since)
    remarks = found_price.remarks
    if error:
        unread = "some of what Cloud Monitoring counts" if uses else "Cloud Monitoring"
        remarks = (f"{unread} could not be read: {error}", *remarks)
    elif not known:
        remarks = (
            *remarks,
            "Cloud Monitoring has none of the metrics that count use: nothing was used, it seems",
        )
    return Signals(found_price.spends, None if error else until, message, remarks)


def parts_of(since: datetime, until: datetime) -> list[tuple[datetime, datetime, timedelta]]:
    """The time to read: minutes, but hours where it is long. What comes before says which prompts are long."""
    if until - since <= _BY_MINUTES:
        return [(since - LOOK_BACK, until, MINUTE)]
    first = since + (-(since - _midnight(since)) % HOUR)
    last = until - (until - _midnight(until)) % HOUR - 2 * HOUR
    return [(since - LOOK_BACK, first, MINUTE), (first, last, HOUR), (last, until, MINUTE)]


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
