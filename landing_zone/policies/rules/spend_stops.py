"""A budget notifies and does not stop spending. Google's spend cap pauses the Gemini API in a project, some hours late:
too late for a stolen key without limits, and still the only stop at a weekend. A guard is a function, or a subscription
that calls one, which listens to the topic of a budget. The policy cannot see whether it stops the spending, nor a guard
in another program: that takes an exception."""

from collections.abc import Iterator

from pydantic import Field

from landing_zone.policies.facts import UNKNOWN, Cap, Facts, Project
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity
from landing_zone.pricing.money import Money, plain
from landing_zone.settings import fields


class _Options(Options):
    maximum: fields.Amount | None = Field(
        default=None, description="Largest amount of a spend cap per month. Default: unlimited."
    )
    currency: fields.Currency = Field(default="USD", description="Currency of maximum.")


def _guarded(facts: Facts, project: Project) -> bool:
    """True if a budget of the project publishes to a topic with a listener, which is assumed to be a guard."""
    topics = {budget.topic for budget in facts.budgets if budget.topic and budget.counts(project, facts.day)}
    return any(UNKNOWN in (topic, *facts.listeners) or topic in facts.listeners for topic in topics)


def _too_high(cap: Cap, most: Money) -> Money | None:
    """Amount of the cap if it is known and above `most`, or in another currency."""
    if cap.amount is None or cap.amount is UNKNOWN or cap.currency is None or cap.currency is UNKNOWN:
        return None
    own = Money(cap.amount, cap.currency)
    return own if own.currency != most.currency or most < own else None


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    most = Money(options.maximum, options.currency) if options.maximum is not None else None
    for project in facts.paid():
        if _guarded(facts, project):
            continue
        caps = [cap for cap in facts.caps if cap.stops(project)]
        high = [amount for cap in caps if most and (amount := _too_high(cap, most))]
        if not caps:
            yield Finding(
                project.subject,
                "has neither a spend cap nor a guard: nothing stops its spending",
                "write budget: {spendCap: true}",
                elsewhere="give it a SpendCap of this project's provider, or have a function of this program listen to "
                "its budget's topic and unlink the billing account; a guard elsewhere needs an exception",
                live="give it a spend cap in the console, or adopt it: gemini-lz adopt prints its settings",
                setting=project.subject.at("budget", "spendCap"),
            )
        elif most and len(high) == len(caps):
            yield Finding(
                caps[0].subject,
                f"is {high[0]}, and at most {most} is allowed",
                f"write at most {plain(most.amount)}",
                setting=caps[0].subject.at("amount"),
            )
        elif all(cap.lifted for cap in caps):
            yield Finding(
                project.subject,
                "has a spend cap that is lifted until the 1st of the next month",
                "remove spendCap.lifted",
                setting=project.subject.at("budget", "spendCap", "lifted"),
            )


POLICY = Policy(
    id="spend-stops",
    title="In production, a spend cap or a guard stops a paid project",
    group=Group.SPEND,
    severity=Severity.HIGH,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Write `spendCap: true` in the project's budget; in environments without users, disable this policy.",
    source=(
        "4,000 dollars in two days with nothing to stop them: gemini-cli issue 27668",
        "https://github.com/google-gemini/gemini-cli/issues/27668",
    ),
    judge=_judge,
    options=_Options,
)
