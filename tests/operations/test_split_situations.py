"""Stacks of every kind are split: with everything that settings can say, with a guard, on a database.

All run by `make split`: each takes about a minute.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.engine import Engine
from sandbox.layout import ROOT
from tests.operations.databases import postgres_url
from tests.operations.splitting import Splitting, stack_file
from tests.operations.stage import Stage, census, plain_stage, stage_in
from tests.workspace import STACK, sampled

SEED = "acme-gemini-seed"
ADOPTED = ("acme-split-taken", "acme-support-legacy")
GUARDED = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:notificationProject: sandbox-seed
  gemini-landing-zone:topics: [heard, spend]
  gemini-landing-zone:projects:
    watched:
      projectId: acme-split-watched
      tier: paid
      tierWait: null
      deletionPolicy: DELETE
      budget: {amount: 10, currency: USD, topic: heard}
      guard: true
      alerts: {email: [oncall@example.com]}
      limits: {gemini-3.8-flash: {requestsPerMinute: 60, inputTokensPerMinute: 100000}, others: deny}
    free:
      {projectId: acme-split-free, tier: free, tierWait: null, keys: {own: {}}, protect: true, deletionPolicy: DELETE}
    other:
      projectId: acme-split-other
      tier: paid
      tierWait: null
      deletionPolicy: ABANDON
      budget: {amount: 10, currency: USD, topic: heard}
      alerts: {email: [oncall@example.com, desk@example.com]}
    taken:
      projectId: acme-split-taken
      adopt: true
      tier: paid
      tierWait: null
      budget: {amount: 10, currency: USD, topic: spend, spendCap: true}
      keys: {bound: {serviceAccount: app-one@sandbox-seed.iam.gserviceaccount.com}, plain: {standard: true}}
"""


@dataclass(frozen=True)
class Case:
    """A stack and how it is split."""

    by: str
    expected: Mapping[str, list[str]]
    stack: str = ""
    """Text of its file; empty for the one with everything."""
    backend: str = "file"


def own(stack: str) -> str:
    """A stack file of this project, on the local cloud's billing account and folder, without a guard."""
    text = (ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text().partition("encryptionsalt:")[0]
    for number in ("111111111111", "222222222222", "333333333333"):
        text = text.replace(f"folders/{number}", "folders/987654321098")
    text = text.replace(SEED, "sandbox-seed").replace("maxOvershoot: 25}", "maxOvershoot: 200}")
    return re.sub(r"guard: .*", "guard: false", text)


CASES: Mapping[str, Case] = {
    "everything, by label": Case("label=team", {STACK: ["two"], f"{STACK}-one": ["one"]}),
    "everything, by count": Case("count=1", {STACK: ["one"], f"{STACK}-2": ["two"]}),
    "dev": Case("count=1", {STACK: ["chat"], f"{STACK}-2": ["search"]}, own("dev")),
    "staging": Case("count=1", {STACK: ["chat"], f"{STACK}-2": ["search"]}, own("staging")),
    "prod": Case(
        "count=1", {STACK: ["chat"], f"{STACK}-2": ["search"], f"{STACK}-3": ["support-bot"]}, own("prod")
    ),
    "sandbox": Case("count=2", {STACK: ["playground"], f"{STACK}-2": ["chat", "batch"]}, own("sandbox")),
    "a guard, an adopted project, one that is kept": Case(
        "count=1",
        {STACK: ["watched"], f"{STACK}-2": ["free"], f"{STACK}-3": ["other"], f"{STACK}-4": ["taken"]},
        GUARDED,
    ),
    "on PostgreSQL": Case(
        "label=team", {STACK: ["p0"], f"{STACK}-t1": ["p1"]}, stack_file(2, 2), backend="postgres"
    ),
}


@contextmanager
def made(case: Case, folder: Path, engine: Engine) -> Iterator[Stage]:
    """The stack of a case, made."""
    with ExitStack() as stack:
        url = stack.enter_context(postgres_url(folder / "database", case.backend))
        where = folder / "stage"
        stage = stack.enter_context(
            plain_stage(where, engine, case.stack, url) if case.stack else stage_in(where, engine)
        )
        workspace = stage.workspace
        if adopted := [each for each in ADOPTED if each in case.stack]:
            call = workspace.cloud.call
            body = {"projectId": adopted[0], "parent": "folders/987654321098"}
            call("POST", "/cloudresourcemanager/v3/projects", body)
            call("POST", "/iam/v1/projects/sandbox-seed/serviceAccounts", {"accountId": "app-one"})
            account = {"billingAccountName": "billingAccounts/01A2B3-C4D5E6-F7A8B9"}
            call("PUT", "/cloudbilling/v1/projects/sandbox-seed/billingInfo", account)
        code, printed = stage.run("gemini-lz", "up", STACK, "--yes", "--no-preflight")
        assert code == 0, printed
        yield stage


@pytest.mark.parametrize("name", sampled(CASES, 0))
def test_a_stack_of_every_kind_is_split_and_its_parts_live_apart(
    name: str, tmp_path: Path, engine: Engine
) -> None:
    case = CASES[name]
    with made(case, tmp_path, engine) as stage:
        splitting = Splitting(stage, case.by)
        before, written = census(stage.cloud), splitting.writes()
        code, printed = stage.run(*splitting.command)
        assert code == 0, printed
        splitting.check(case.expected, written)
        assert census(stage.cloud) == before
        for stack in case.expected:
            assert splitting.changes(stack, "up", "--refresh", "--yes", "--skip-preview") == [], stack
        assert splitting.writes() == written

        # One part goes, and the others stay whole.
        part, *_ = [stack for stack in case.expected if stack != STACK]
        for old, new in (("PREVENT", "DELETE"), ("protect: true", "protect: false")):
            file = stage.workspace.stack_file.with_name(f"Pulumi.{part}.yaml")
            file.write_text(file.read_text().replace(old, new))
        code, printed = stage.run("gemini-lz", "up", part, "--yes", "--no-preflight")
        assert code == 0, printed
        code, printed = stage.run("gemini-lz", "destroy", part, "--yes")
        assert code == 0, printed
        for stack in case.expected:
            if stack != part:
                assert splitting.changes(stack, "up", "--refresh", "--yes", "--skip-preview") == [], stack
