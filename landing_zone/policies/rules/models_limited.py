"""A key opens every model of the API, and the dearest of them costs a hundred times the cheapest. A limit on the model
that an application uses bounds nothing while the others are open. A limit on input tokens alone leaves the output,
which is dearer, without one."""

from collections.abc import Iterator
from typing import Final

from landing_zone.policies.facts import Facts
from landing_zone.policies.policy import Finding, Options, Policy, Scope, Severity
from landing_zone.settings import OTHERS

_ELSEWHERE: Final = (
    "set a limit of requests on the metrics of every paid tier: a ProjectLimits of this project's provider, or "
    "gcp.serviceusage.ConsumerQuotaOverride"
)


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for project in facts.paid():
        for model, limits in sorted(project.limits.items()):
            if not limits.bounds_requests:
                yield Finding(
                    project.subject,
                    f"has no limit of requests on {model}, which bounds what the model writes",
                    f"write limits: {{{model}: {{requestsPerMinute: …}}}}",
                    elsewhere=_ELSEWHERE,
                    place=project.subject.at("limits", model),
                )
        if project.opens_every_model and not (project.others and project.others.bounds_requests):
            yield Finding(
                project.subject,
                "lets models be called that have no limit of requests",
                "write limits: {others: deny}, and a limit on each model that is used",
                elsewhere=f"{_ELSEWHERE}, and one of 0 for the other models",
                place=project.subject.at("limits", OTHERS),
            )
        if project.unpriced:
            yield Finding(
                project.subject,
                f"lets {', '.join(project.unpriced)} be called, which no price is known of here",
                "deny it, or use a newer gemini-landing-zone",
                place=project.subject.at("quotas"),
            )


POLICY = Policy(
    id="models-limited",
    title="Every model that can be called has a limit of requests, or is denied",
    severity=Severity.CRITICAL,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Write `others: deny`, and limits on the models that are used.",
    source=(
        "People ask for a breaker on tokens: gemini-cli issue 3945",
        "https://github.com/google-gemini/gemini-cli/issues/3945",
    ),
    judge=_judge,
)
