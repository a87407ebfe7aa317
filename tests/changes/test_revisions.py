"""The base of a change, in git's history as a developer, a CI and a fork have it."""

import os
import re
from pathlib import Path

import pytest

from landing_zone.policies.every_policy import POLICIES
from tests.changes.repository import ENVIRONMENTS, FILES, PROD, SEARCH, STACK, Repository

DOUBLED = ("amount: 300,", "amount: 600,")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "own")


def statuses(repository: Repository, *arguments: str, code: int = 0) -> dict[str, str]:
    return {each["stack"]: each["status"] for each in repository.change(*arguments, code=code)["stacks"]}


def test_a_branch_is_compared_with_where_it_left_its_base(repository: Repository) -> None:
    left = repository.git("rev-parse", "HEAD")
    repository.git("switch", "--quiet", "--create", "feature")
    repository.edit(("requestsPerDay: 4000", "requestsPerDay: 5000"))
    repository.commit()
    repository.git("switch", "--quiet", "main")
    repository.write({"stacks/Pulumi.dev.yaml": PROD.replace("-prod", "-dev")})
    repository.commit()
    repository.git("switch", "--quiet", "feature")
    # What went on in main is no change of the branch, and what is not committed is one.
    repository.edit(DOUBLED)
    change = repository.change()
    assert (change["base"], change["commit"]) == ("main", left)
    assert {each["stack"] for each in change["stacks"]} == {"prod"}
    assert set(change["stacks"][0]["projects"]) == {"chat", "search"}
    # From a folder below, and by a commit or a tag.
    repository.git("tag", "v1", "main")
    for base in ("v1", "main", repository.git("rev-parse", "main"), "HEAD^"):
        assert repository.change("--base", base)["commit"] == left
    repository.folder /= "policy"
    assert repository.diff().stdout.startswith("prod: worst month ")
    repository.folder = repository.folder.parent
    # HEAD is the base: what is not committed.
    assert set(repository.change("--base", "HEAD")["stacks"][0]["projects"]) == {"search"}


def test_a_fork_without_credentials_or_network_sees_all_of_it(repository: Repository, tmp_path: Path) -> None:
    fork = repository.clone(tmp_path / "fork")
    fork.edit(DOUBLED)
    # No HOME, no PATH, nothing of any cloud.
    done = fork.diff_with()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == fork.diff("--base", "origin/main").stdout
    assert done.stdout.startswith("prod: worst month 4,388.13 → 4,688.13 USD (+300.00), bounded by ")
    nowhere = fork.diff_with(PATH=os.devnull)
    assert (nowhere.returncode, nowhere.stderr) == (2, "git is not on PATH: install it\n")


def test_a_shallow_clone_gets_the_fetch_to_run(repository: Repository, tmp_path: Path) -> None:
    repository.git("switch", "--quiet", "--create", "feature")
    repository.edit(DOUBLED)
    repository.commit()
    shallow = repository.clone(tmp_path / "shallow", "--depth", "1", "--branch", "feature")
    refused = shallow.diff()
    assert (refused.exit_code, refused.stdout) == (2, "")
    found = re.fullmatch(r"neither origin/main nor main is here: run (git fetch .*)\n", refused.stderr)
    assert found
    # With the branch alone, there is no common commit.
    branch = shallow.git(
        "fetch", "--quiet", "--depth", "1", "origin", "+refs/heads/main:refs/remotes/origin/main"
    )
    assert branch == ""
    apart = shallow.diff()
    assert apart.exit_code == 2
    assert apart.stderr == (
        "this clone is shallow, and has no common commit of origin/main and HEAD: run git fetch --unshallow\n"
    )
    shallow.git("update-ref", "-d", "refs/remotes/origin/main")
    for command in found[1].split(" && "):
        shallow.git(*command.split()[1:], "--quiet")
    assert statuses(shallow) == {"prod": "changed"}


@pytest.mark.parametrize(
    ("base", "says"),
    [
        (
            "gone",
            "there is no commit 'gone' here: name a branch, a tag or a commit of this repository with --base",
        ),
        ("--output=x", "there is no commit '--output=x' here: name a branch"),
        ("main:stacks", "there is no commit 'main:stacks' here"),
        ("", "there is no commit '' here"),
    ],
)
def test_a_base_that_is_not_there(repository: Repository, base: str, says: str) -> None:
    done = repository.diff(f"--base={base}")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(says)
    assert not (repository.folder / "x").exists()


def test_a_base_of_a_remote_is_named_with_its_fetch(repository: Repository, tmp_path: Path) -> None:
    clone = repository.clone(tmp_path / "clone")
    assert (
        "run git fetch origin +refs/heads/next:refs/remotes/origin/next\n"
        in clone.diff("--base", "origin/next").stderr
    )
    named = clone.diff("--base", "it's").stderr
    assert (
        """run git fetch origin '+refs/heads/it'"'"'s:refs/remotes/origin/it'"'"'s', and write --base"""
        in named
    )
    assert f"run git fetch origin {'a' * 40}\n" in clone.diff("--base", "a" * 40).stderr


def test_a_folder_without_history(tmp_path: Path) -> None:
    bare = Repository(tmp_path)
    bare.remove(".git")
    assert "not a git repository" in bare.diff("--base", "main").stderr
    bare.git("init", "--quiet", "--initial-branch", "main")
    assert bare.diff().stderr.startswith("neither origin/main nor main is here: name a branch")
    bare.commit()
    assert bare.diff().exit_code == 0
    bare.git("switch", "--quiet", "--orphan", "other")
    bare.write({"Pulumi.yaml": FILES["Pulumi.yaml"], STACK: PROD})
    assert bare.diff().stderr == "nothing is committed here yet: there is nothing to compare with\n"
    bare.commit()
    assert bare.diff().stderr.startswith("main and HEAD have no commit in common")


def test_stacks_come_go_and_get_other_names(repository: Repository) -> None:
    other = PROD.replace("-prod", "-dev").replace(SEARCH.replace("-prod", "-dev"), "")
    repository.write({"stacks/Pulumi.dev.yaml": other})
    assert statuses(repository) == {"dev": "added"}
    assert repository.diff().stdout.startswith("dev (new): worst month 3,256.12 USD, bounded by chat: ")
    repository.commit()
    repository.write({"stacks/Pulumi.dev.yaml": None})
    done = repository.diff("dev")
    assert done.stdout.startswith(
        "dev: its file is removed; what the stack made stays until it is destroyed, and can cost 3,256.12 USD in a "
        "month at worst\n"
    )
    # It costs no less for that: nothing of it is called cured.
    assert done.stdout.count("\n") == 2
    # A file of another name with the same projects is the same stack for the money.
    repository.write(
        {STACK: None, "stacks/Pulumi.production.yaml": PROD.replace("amount: 300", "amount: 400")}
    )
    change = repository.change("production")
    [stack] = change["stacks"]
    assert (stack["status"], stack["was"]) == ("renamed", "prod")
    assert stack["worstMonth"][0]["growth"] == "100"
    # Only the environment that judges it differs: no file names the new stack's, so the strictest does.
    assert stack["policies"]["environments"] == {"before": ["prod"], "after": ["prod"]}
    assert repository.diff("nobody").stderr == (
        "no file for the stack 'nobody'\nstacks has dev, prod, production\n"
    )


def test_the_folder_of_the_stack_files_may_move(repository: Repository) -> None:
    repository.write(
        {
            STACK: None,
            "zone/Pulumi.prod.yaml": PROD.replace("amount: 300", "amount: 400"),
            "Pulumi.yaml": FILES["Pulumi.yaml"].replace("stacks", "zone"),
        }
    )
    [stack] = repository.change()["stacks"]
    assert (stack["status"], stack["worstMonth"][0]["growth"]) == ("changed", "100")


def test_a_project_below_the_repository(tmp_path: Path) -> None:
    below = Repository(tmp_path, {f"infra/gemini/{name}": text for name, text in FILES.items()})
    below.edit(DOUBLED, file=f"infra/gemini/{STACK}")
    below.folder = tmp_path / "infra" / "gemini"
    [stack] = below.change()["stacks"]
    assert stack["worstMonth"][0]["growth"] == "300"
    below.folder = tmp_path
    assert below.change("--stacks", "infra/gemini/stacks")["stacks"] == [stack]
    outside = below.diff("--stacks", "/nowhere/stacks")
    assert (outside.exit_code, "there is no folder" in outside.stderr) == (2, True)


def test_mistakes_are_no_figures(repository: Repository) -> None:
    repository.edit(("tier: paid\n      keys:\n        backend", "teir: paid\n      keys:\n        backend"))
    done = repository.diff()
    assert done.exit_code == 1
    assert done.stdout.startswith("prod: 1 mistake in its file, so nothing is known of the change\n")
    assert "  stacks/Pulumi.prod.yaml:10: gemini-landing-zone:projects.chat.teir\n" in done.stdout
    assert done.stderr == "prod: pulumi up refuses its file: 1 mistake\n"
    repository.commit()
    # Fixed: of what was before, nothing is known; so all of it counts.
    repository.edit(("teir", "tier"))
    done = repository.diff("--max-growth", "5000")
    assert done.stdout.startswith("prod: worst month 4,388.13 USD, bounded by ")
    assert "; before, there were mistakes in its file\n" in done.stdout
    assert done.exit_code == 0
    assert repository.diff("--max-growth", "4000").exit_code == 1
    [stack] = repository.change()["stacks"]
    assert "teir" in stack["mistakesBefore"][0]
    assert re.match(r"[0-9a-f]{10}:stacks/Pulumi.prod.yaml:10: ", stack["mistakesBefore"][0])


def test_a_link_is_the_file_that_it_leads_to(repository: Repository) -> None:
    (repository.folder / "stacks" / "Pulumi.prod.yaml").rename(repository.folder / "shared.yaml")
    (repository.folder / "stacks" / "Pulumi.prod.yaml").symlink_to("../shared.yaml")
    (repository.folder / "stacks" / "Pulumi.lost.yaml").symlink_to("/nowhere/at/all")
    repository.commit()
    repository.edit(DOUBLED, file="shared.yaml")
    stacks = {each["stack"]: each for each in repository.change(code=1)["stacks"]}
    assert stacks["prod"]["worstMonth"][0]["growth"] == "300"
    assert stacks["lost"]["mistakes"]


def test_a_plan_that_does_not_fit_is_refused_without_figures(repository: Repository) -> None:
    limits = PROD[PROD.index("        gemini-3.8-flash: {req") : PROD.index("      workload:")]
    repository.edit((limits, "        derive: {maxOvershoot: 5}\n"))
    done = repository.diff()
    first, second, *_ = done.stdout.splitlines()
    assert first == "prod: 1 mistake in its file, so nothing is known of the change"
    assert re.match(r"  stacks/Pulumi.prod.yaml:\d+: gemini-landing-zone:projects.chat", second)
    assert "the workload does not fit" in done.stdout
    assert "worst month" not in done.stdout
    assert done.exit_code == 1
    repository.commit()
    # What was there before has figures, with which the change is compared.
    repository.edit(("maxOvershoot: 5}", "maxOvershoot: 5000}"))
    assert re.match(r"prod: worst month \S+ → ", repository.diff("--base", "HEAD").stdout)
    assert re.search(r"\ncompared with HEAD, [0-9a-f]{10}; both at", repository.diff("--base", "HEAD").stdout)


def test_growth(repository: Repository) -> None:
    repository.edit(DOUBLED)
    assert repository.diff("--max-growth", "300").exit_code == 0
    done = repository.diff("--max-growth", "299.99")
    assert (done.exit_code, done.stderr) == (
        1,
        "prod: the worst month grows by 300.00 USD, and at most 299.99 is allowed\n",
    )
    wrong = repository.diff("--max-growth", "1,000")
    assert (wrong.exit_code, wrong.stderr) == (
        2,
        "--max-growth '1,000' is no amount: write it as 500 or 0\n",
    )
    repository.commit()
    repository.edit(("requestsPerMinute: 10, requestsPerDay: 2000, ", ""))
    done = repository.diff("--max-growth", "1000000")
    assert "prod: the worst month is not bounded, and at most 1000000 is allowed\n" in done.stderr


def test_a_configuration_with_mistakes_judges_nothing(repository: Repository) -> None:
    repository.edit(("amount: 300,", "amount: 950,"))
    repository.write({"policy/config/prod.json": '{"all": "mandatroy"}'})
    done = repository.diff()
    # The base's still does.
    assert "new  mandatory budget-below-maximum (high): " in done.stdout
    assert (
        "policy/config: policy/config/prod.json: not " in done.stderr
        or "'mandatroy' is not a level" in done.stderr
    )
    assert done.exit_code == 1
    repository.write({"policy/config/environments.json": '{"environments": ["dev"]}'})
    repository.write({"policy/config/prod.json": FILES["policy/config/prod.json"]})
    change = repository.change(code=1)
    # Moved to an environment that has no maximum: still new, and still mandatory by the base.
    [violation] = change["stacks"][0]["policies"]["new"]
    assert (violation["after"], violation["afterByBaseConfiguration"]) == (None, "mandatory")
    assert {each["setting"] for each in change["policyConfiguration"]} == {
        "environments",
        *(f"stacks.{name}" for name in ENVIRONMENTS["stacks"]),
    }


def test_a_project_of_another_name_is_the_same_with_an_alias(repository: Repository) -> None:
    shared = (
        "  gemini-landing-zone:sharedBudgets: {all: {projects: [chat, search], amount: 99, currency: USD}}\n"
    )
    projects = "  gemini-landing-zone:projects:\n"
    repository.edit((projects, shared + projects))
    repository.commit()
    repository.edit(
        ("    search:\n", "    find:\n      aliases: [search]\n"), ("[chat, search]", "[chat, find]"), DOUBLED
    )
    [stack] = repository.change()["stacks"]
    assert (stack["added"], stack["removed"], stack["keys"], stack["policies"]["new"]) == ([], [], [], [])
    assert stack["worstMonth"][0]["growth"] == "300"
    assert {each["setting"] for each in stack["settings"] if each["projects"] == ["find"]} == {
        "aliases",
        "budget.amount",
    }


def test_a_rule_that_changes_nothing(repository: Repository) -> None:
    repository.write({"policy/config/dev.json": '{"all": "mandatory"}'})
    done = repository.diff()
    assert done.stdout.startswith(
        "no stack file changes, and none is judged otherwise\npolicy/config: changed, so "
    )
    first, second, third, *more = (policy.id for policy in POLICIES)
    every = f"{first}, {second}, {third}, and {len(more)} more"
    assert f"  dev.json: {every}: enforcementLevel  advisory → mandatory\n" in done.stdout
    assert done.exit_code == 0
