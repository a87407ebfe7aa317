"""Meanings and assumptions of an exposure's numbers."""

from typing import Final

from landing_zone.gemini.prices import PRICING_PAGE
from landing_zone.pricing.rates import PRICES_FROM
from landing_zone.settings import GuardHostSettings, format_lag

MEANINGS: Final[tuple[tuple[str, str], ...]] = (
    (
        "day, or worst day",
        "One day of the quota, from midnight Pacific, on which all that the limits allow is used by the requests that "
        "cost most.",
    ),
    (
        "at worst in a month",
        "The most of a calendar month with what stops the spending: a spend cap's amount and the most that its lag "
        "allows, the amount at which the guard stops the project and the most that its lag allows, Google's cap for "
        "the account's tier and the most that its lag allows over all projects, or what the limits alone allow; "
        "whichever is least.",
    ),
    ("month", "31 such days in a row, if nothing stops it."),
    (
        "any 24h",
        "24 hours in a row, or as long as the project's lag is, from any moment on: they touch one day of the quota "
        "more, and what both days allow counts.",
    ),
    (
        "over the budget",
        "What can be spent beyond the budget before it is stopped: up to the amount of a spend cap or of the guard's "
        "stop, and then what the lag allows; without either, what the lag allows once the budget is spent. Never more "
        "than a month's worst case leaves.",
    ),
)
"""Terms printed beside the numbers, each with its meaning."""
ASSUMPTIONS: Final[tuple[tuple[str, str], ...]] = (
    (
        f"Prices are those in force on the day of the exposure, without taxes: {PRICES_FROM}. A reseller may charge "
        "others: accountTerms has them.",
        PRICING_PAGE,
    ),
    (
        "Each request is taken to ask for as many candidates as its model gives (8 of 2.x text models and of those of "
        "which no source says that they refuse, 1 of 3.x and image models), each as long as the model can write. Each "
        "input token is taken to be of the most expensive kind (audio, where that costs more; a prompt over 200,000 "
        "tokens, where a minute's tokens can hold one).",
        "https://github.com/googleapis/js-genai/issues/1609",
    ),
    (
        "Every input token can be put into a cache as soon as it is accepted, and stays there to the end of the "
        "window: what goes into caches counts against the limit of input tokens. Caches that were filled before the "
        "window are not in it: they go on costing until they expire or are deleted.",
        "https://ai.google.dev/gemini-api/docs/caching",
    ),
    (
        "Caches are taken to cost nothing any more once what stops the spending has acted. Google sets no longest time "
        "to live, and an employee wrote that a cache is charged for the time that was set, even if it is deleted "
        "earlier; methods without caches on each key close that.",
        "https://discuss.ai.google.dev/t/clarification-on-context-cache-storage-billing-ttl-vs-actual-time/81267",
    ),
    (
        "The lag is any time of that length, so that it touches one quota minute and one quota day more than a time "
        "that begins with them. A day is 24 hours, a month 31 days.",
        "https://ai.google.dev/gemini-api/docs/rate-limits",
    ),
    (
        "Limits hold at once, as the stack file has them: derived ones from the day's prices, once pulumi up has set "
        "them. Google's spend cap and billing data are late: no time is promised, 24 hours are taken unless "
        "spendCap.lag says otherwise.",
        "https://cloud.google.com/billing/docs/how-to/budgets",
    ),
    (
        "A request makes as many queries to Google Search or Maps as searchesPerRequest says, 3 unless set; none of "
        "them is free, as others may have used the allotment.",
        "https://ai.google.dev/gemini-api/docs/google-search",
    ),
    (
        "The tier is the one in accountTerms. Google raises and lowers it by itself, and its cap with it; the limits "
        "hold on every tier.",
        "https://ai.google.dev/gemini-api/docs/billing",
    ),
    (
        "Callers with IAM rights on the project need no key, so that no methods bind them: it is assumed that none "
        "abuses them.",
        "https://cloud.google.com/docs/authentication/api-keys",
    ),
    (
        "Owners of a project, and all who may change its quotas, keys or services there, can take overrides away, make "
        "wider keys, link billing and enable other APIs, such as Vertex AI and Firebase AI Logic, which are not in it: "
        "it is assumed that none does. gemini-lz show and gemini-lz policy audit find what has changed.",
        "https://cloud.google.com/service-usage/docs/access-control",
    ),
    (
        "others: deny sets the limits of Priority to 0 for every model: Google then serves Priority requests, at 1.8 "
        "times the price of tokens, as standard ones.",
        "https://ai.google.dev/gemini-api/docs/priority-inference",
    ),
    (
        "What no limit counts or what has no price here is not in it, and must be shut: the Batch API, live sessions "
        "and methods that are not known here by the methods of each key; videos, embeddings and models that are not "
        "known here by others: deny. With any of that open, the verdict is: not bounded.",
        PRICING_PAGE,
    ),
    (
        "A key opens all that its project's limits allow: keys share them, and more keys cost no more.",
        "https://ai.google.dev/gemini-api/docs/rate-limits",
    ),
)
"""Assumptions behind the numbers, each with its source."""


def guard_assumptions(host: GuardHostSettings) -> tuple[tuple[str, str], ...]:
    """Assumptions behind the numbers of projects with the spend guard."""
    return (
        (
            f"The guard looks every {format_lag(host.poll)} (guard.poll), and Cloud Monitoring has a call at most "
            f"{format_lag(host.series_delay)} after it was made (guard.seriesDelay): about 150 s have been seen, and "
            "no time is promised.",
            "https://cloud.google.com/monitoring/api/v3/latency-n-retention",
        ),
        (
            f"What the guard does is enforced at most {format_lag(host.act_time)} after it looked (guard.actTime): "
            "Google publishes no time for lowered limits. Keys whose service account is disabled "
            "stop within about a minute.",
            "https://cloud.google.com/service-usage/docs/manage-quota",
        ),
        (
            f"A budget's message has a cost at most {format_lag(host.billing_delay)} after it arose "
            "(guard.billingDelay). Until then the guard counts requests and tokens at the highest prices, and "
            "searchesPerRequest queries to Google with each request. What caches and more queries cost, it sees "
            "once it is billed.",
            "https://cloud.google.com/billing/docs/how-to/budgets-programmatic-notifications",
        ),
        (
            "The guard runs, and nobody releases what it did before the month is over: what a released step would have "
            "held is on the person who released it. If it has not run for 10 minutes, an alert notifies; until "
            "it does, spend caps and limits alone bound what is spent. Of the month in which it is deployed, it counts "
            "what was used before only from its first budget message on, or after two hours.",
            "https://cloud.google.com/scheduler/docs",
        ),
    )
