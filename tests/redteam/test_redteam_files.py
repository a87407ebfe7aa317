"""Red team: stack files by a grammar of evasions. What production allows spends no more than the commands say."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from landing_zone.policies.environments import Placement
from landing_zone.policies.facts_from_settings import facts_of
from landing_zone.policies.rulebook import Rulebook
from landing_zone.policies.worst_case import not_bounded, worst_case
from landing_zone.settings import SettingsError, load_file
from tests.redteam.doors import strangers, try_doors
from tests.redteam.production import DAY, LAG_MINUTES, TOGETHER, audited, gemini_lz, production_pack
from tests.redteam.stack_files import EXAMPLES, Example, file_of, text_of
from tests.workspace import STACK, Workspace, sampled

PINNED = Example(
    ((("limits", "gemini-3.1-pro-preview"), {"requestsPerMinute": 1, "inputTokensPerMinute": 1_200_000}),)
)
"""An audit counted explicit caches for it, which its key cannot make."""


@dataclass(frozen=True)
class Verdict:
    """What the settings and the production policies say of a file with one project."""

    refused: frozenset[tuple[str, str]]
    """Policy and subject of each mandatory violation."""
    bound: Decimal | None
    """The most that the project can cost in the window, as the policies count."""


class Policies:
    """The production configuration."""

    def __init__(self, folder: Path) -> None:
        self._rules = Rulebook(production_pack(folder / "policy") / "config")
        self._path = folder / f"Pulumi.{STACK}.yaml"

    def __call__(self, text: str) -> Verdict | None:
        """Judge a file; None if its settings have mistakes."""
        self._path.write_text(text)
        day, environments = date.fromisoformat(DAY), self._rules.environments
        try:
            facts = facts_of(load_file(STACK, self._path, day), day, environments)
        except SettingsError:
            return None
        report = self._rules.judge(STACK, facts, Placement(environments, None), STACK)
        [project] = facts.projects
        most = worst_case(project, day, timedelta(minutes=LAG_MINUTES))
        bounded = most is not None and not not_bounded(facts, project)
        return Verdict(
            frozenset((each.policy.id, each.finding.subject.label) for each in report.verdicts if each.stops),
            most.amount if most and bounded else None if project.paid else Decimal(0),
        )


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Policies:
    return Policies(tmp_path_factory.mktemp("policies"))


@settings(derandomize=True, max_examples=100, suppress_health_check=list(HealthCheck))
@given(EXAMPLES)
def test_names_terms_and_assumptions_of_a_file_excuse_nothing(policies: Policies, example: Example) -> None:
    own, plain = policies(file_of(example)), policies(file_of(example, lends=False))
    if own is None or plain is None:
        return
    assert own.refused >= plain.refused
    assert own.refused or own.bound is not None
    if own.bound is not None and plain.bound is not None:
        assert own.bound >= plain.bound


def passing(policies: Policies, number: int) -> list[tuple[Example, Decimal]]:
    """Files that production allows and that can be in one, with the most that each project can spend."""
    found: dict[str, tuple[Example, Decimal]] = {}

    @seed(number)
    @settings(
        max_examples=300, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(EXAMPLES)
    def collect(example: Example) -> None:
        verdict = policies(file_of(example))
        # What is said of the whole file is judged above: here each project brings its own.
        if verdict and not verdict.refused and not example.everywhere and verdict.bound is not None:
            found[str(example)] = example, verdict.bound

    collect()
    verdict = policies(file_of(PINNED))
    assert verdict
    assert verdict.bound
    usual = Counter(bound for _, bound in found.values())
    order = sorted(
        found.values(), key=lambda each: (usual[each[1]], -len(each[0].changes) - len(each[0].lent))
    )
    return [(PINNED, verdict.bound), *order][:TOGETHER]


@pytest.mark.parametrize("number", sampled(range(16), 1))
def test_what_production_allows_never_spends_above_its_bound(
    policies: Policies, workspace: Workspace, number: int
) -> None:
    batch = passing(policies, number)
    assert len(batch) == TOGETHER
    pack = production_pack(workspace.layout.program / "policy")
    projects = {f"{example.key}-{place}": example.project(place) for place, (example, _) in enumerate(batch)}
    terms = (
        {account: own for example, _ in batch for account, own in example.terms.items()} if number % 2 else {}
    )
    # The service account that some keys are bound to is of another program.
    accounts = "/iam/v1/projects/sandbox-seed/serviceAccounts"
    workspace.cloud.call("POST", accounts, {"accountId": "shared-app"})
    workspace.write(text_of(projects, terms, {}))
    workspace.pulumi("up", "--yes", "--stack", STACK, "--policy-pack", str(pack))
    assert audited(workspace) == []

    tried = try_doors(workspace.cloud)
    assert strangers(workspace.cloud) == []
    said = gemini_lz(workspace, "exposure", STACK)["projects"]
    for place, (example, bound) in enumerate(batch):
        name = f"acme-redteam-{place:03d}"
        for tier in tried.by_tier:
            assert tried.by_tier[tier].get(name, 0) <= bound, (tier, example)
            if not terms:
                stated = Decimal(said[f"{example.key}-{place}"]["exposure"]["minute"])
                assert tried.a_minute[tier].get(name, 0) <= stated, (tier, example)
    assert tried.served.total()
