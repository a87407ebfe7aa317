"""A key opens every model of the API, and the most expensive costs a hundred times the cheapest. A limit on the model
that an application uses bounds nothing while the others are open. A limit on input tokens alone leaves the output,
which costs more, unlimited."""

from collections.abc import Iterator
from typing import Final

from landing_zone.policies.facts import Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity
from landing_zone.settings import OTHERS

_ELSEWHERE: Final = (
    "set a request limit on the metrics of every paid tier: a ProjectLimits of this project's provider, or "
    "gcp.serviceusage.ConsumerQuotaOverride"
)


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for project in facts.paid():
        for model, limits in sorted(project.limits.items()):
            if not limits.bounds_requests:
                yield Finding(
                    project.subject,
                    f"has no request limit on {model}; only requests bound the output",
                    f"write limits: {{{model}: {{requestsPerMinute: …}}}}",
                    elsewhere=_ELSEWHERE,
                    setting=project.subject.at("limits", model),
                )
        if project.opens_every_model and not (project.others and project.others.bounds_requests):
            yield Finding(
                project.subject,
                "allows calls of models without a request limit",
                "write limits: {others: deny}, and a limit on each model in use",
                elsewhere=f"{_ELSEWHERE}, and one of 0 for the other models",
                setting=project.subject.at("limits", OTHERS),
            )
        if project.unpriced:
            yield Finding(
                project.subject,
                f"allows calls of {', '.join(project.unpriced)}, whose price is unknown",
                "deny it, or use a newer gemini-landing-zone",
                setting=project.subject.at("quotas"),
            )


POLICY = Policy(
    id="models-limited",
    title="Every model has a request limit, or is denied",
    group=Group.SPEND,
    severity=Severity.CRITICAL,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Write `others: deny`, and limits on the models in use.",
    source=(
        "Users ask for a circuit breaker on tokens: gemini-cli issue 3945",
        "https://github.com/google-gemini/gemini-cli/issues/3945",
    ),
    judge=_judge,
    counts=("quota",),
)
