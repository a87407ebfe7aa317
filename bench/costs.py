"""Measure time and memory of estimate and exposure for 100 to 10,000 projects.

    python -m bench.costs [--projects 100 1000 10000] [--json]

Each project has five models, with workloads that differ from project to project, limits on each, and a monthly budget
with four thresholds; the period is 365 days with the price changes of 2026-12-01 and 2027-01-01 inside. The settings
are built before: what is timed is what `gemini-lz estimate` and `exposure` do with them. Each size is a process of its
own, so that its peak memory is its own. Time is the processor's, which other work on the machine changes little.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from landing_zone.pricing.days import Period
from landing_zone.reports.environment_estimate import environment_estimate
from landing_zone.reports.environment_exposure import environment_exposure
from landing_zone.settings import EnvironmentSettings, ProjectSettings

MODELS = (
    "gemini-4-argon",
    "gemini-3.8-flash",
    "gemini-3.5-flash-lite",
    "gemini-3.1-pro-preview",
    "gemini-3.5-flash",
)
AS_OF = date(2026, 11, 24)
YEAR = Period(AS_OF, AS_OF + timedelta(days=364))


@dataclass(frozen=True)
class Figures:
    """One size's figures."""

    projects: int
    estimate_s: float
    exposure_s: float
    peak_mib: float


def main() -> None:
    """Measure each size in a process of its own, and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.costs", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--projects", type=int, nargs="+", default=[100, 1000, 10_000], metavar="N")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(asdict(measure(arguments.one))))
        return
    found = [Figures(**json.loads(_apart(count))) for count in arguments.projects]
    print(json.dumps([asdict(each) for each in found], indent=2) if arguments.json else table(found))


def _apart(count: int) -> str:
    command = [sys.executable, "-m", "bench.costs", "--one", str(count)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def environment(count: int) -> EnvironmentSettings:
    """`count` projects whose workloads and budgets all differ."""
    projects = {f"p{number}": project(number) for number in range(count)}
    return EnvironmentSettings(stack="bench", projects=projects)


def project(number: int) -> ProjectSettings:
    """One project of five models."""
    return ProjectSettings.model_validate(
        {
            "projectId": f"bench-{number:05d}-project",
            "tier": "paid",
            "billingAccount": "01A2B3-C4D5E6-F7A8B9",
            "keys": {"backend": {"methods": ["generate", "caches"]}},
            "budget": {
                "amount": 500 + number % 97,
                "currency": "USD",
                "thresholds": [0.5, 0.9, 1, {"forecast": 1}],
            },
            "limits": {
                **{
                    model: {"requestsPerMinute": 5 + number % 7, "requestsPerDay": 900 + number}
                    for model in MODELS
                },
                "others": "deny",
            },
            "workload": [
                {
                    "model": model,
                    "requestsPerDay": 100 + (number * 31 + place) % 900,
                    "inputTokens": 1000 + (number * 17) % 3000,
                    "outputTokens": 200 + (number * 13) % 700,
                    "cachedTokens": 500,
                    "cacheHours": 0 if model == "gemini-4-argon" else 24,
                }
                for place, model in enumerate(MODELS)
            ],
        }
    )


def measure(count: int) -> Figures:
    """Time both on `count` projects."""
    settings = environment(count)
    began = time.process_time()
    estimate = environment_estimate(settings, YEAR, AS_OF)
    estimate_s = time.process_time() - began
    began = time.process_time()
    exposure = environment_exposure(settings, AS_OF)
    exposure_s = time.process_time() - began
    assert estimate.totals["expected"][0].amount > 0
    assert exposure.totals["USD"]["day"] is not None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Figures(count, estimate_s, exposure_s, peak)


def table(found: list[Figures]) -> str:
    """The figures as a Markdown table; growth is the time per project relative to the first size's."""
    lines = ["| projects | estimate | exposure | together | per project, of the first | peak memory |"]
    lines.append("| ---: | ---: | ---: | ---: | ---: | ---: |")
    first = (found[0].estimate_s + found[0].exposure_s) / found[0].projects
    for each in found:
        both = each.estimate_s + each.exposure_s
        lines.append(
            f"| {each.projects:,} | {each.estimate_s:.2f} s | {each.exposure_s:.2f} s | {both:.2f} s "
            f"| {both / each.projects / first:.2f} | {each.peak_mib:,.0f} MiB |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
