"""The bootstrap on the engine: by a caller with only what the docs ask for, killed, run again, and run once more."""

import json
import shutil
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from landing_zone.google.bootstrap_permissions import CALLER_NEEDS
from landing_zone.google.permissions import Place
from landing_zone.operations.bootstrap import Bootstrap, BootstrapError, open_google, organization_of
from landing_zone.settings.bootstrap import load_bootstrap
from landing_zone.workspace import find_project
from sandbox.engine import Engine
from tests.bootstrap.organization import (
    ACCOUNT,
    BUCKET,
    FLAGS,
    FOLDER,
    ORGANIZATION,
    SEED,
    Organization,
    organization,
)
from tests.workspace import Cloud

OPERATOR = "user:ann@example.com"
RUNNER = f"gemini-lz@{SEED}.iam.gserviceaccount.com"
CALLER = "user:admin@example.com"
STATE = f".pulumi/stacks/gemini-landing-zone-bootstrap/{SEED}.json"
PLACES = {Place.ORGANIZATION: ORGANIZATION, Place.PARENT: FOLDER, Place.ACCOUNT: f"billingAccounts/{ACCOUNT}"}


def with_what_the_docs_ask_for(found: Organization) -> None:
    """Run commands as a caller who has the permissions of the table in docs/organization.md, and no others."""
    for place, resource in PLACES.items():
        needs = [
            each for each in CALLER_NEEDS if each.place is place and "if `--parent` is one" not in each.when
        ]
        found.grant(resource, [name for each in needs for name in each.permissions], CALLER)
    found.act_as("token-of-admin", CALLER)


def runner_can_do_what_it_is_for(found: Organization) -> None:
    """Operators act as the account that runs stacks, which has the state and the folder; strangers do not."""
    found.tokens |= {"token-of-ann": OPERATOR, "token-of-eve": "user:eve@example.com"}
    found.act_as("token-of-admin", CALLER)
    account = f"/iamcredentials/v1/projects/-/serviceAccounts/{RUNNER}:generateAccessToken"
    assert found.call("token-of-eve", "POST", account, {"scope": ["x"]})[0] == 403
    token = found.impersonate("token-of-ann", RUNNER)
    key = f"/cloudkms/v1/projects/{SEED}/locations/us/keyRings/gemini-lz/cryptoKeys/state:encrypt"
    secret = {"plaintext": "c2VjcmV0"}
    assert [found.call(each, "POST", key, secret)[0] for each in (token, "token-of-ann")] == [200, 403]
    objects = f"/storage/storage/v1/b/{BUCKET}/o"
    assert [found.call(each, "GET", objects)[0] for each in (token, "token-of-ann")] == [200, 403]
    kind, _, number = FOLDER.partition("/")
    projects = "/cloudresourcemanager/v1/projects"
    body = {"projectId": "acme-made-by-runner", "parent": {"type": kind.removesuffix("s"), "id": number}}
    assert found.call(token, "POST", projects, body)[0] == 200
    elsewhere = {"type": "organization", "id": ORGANIZATION.partition("/")[2]}
    assert found.call(token, "POST", projects, {**body, "parent": elsewhere})[0] == 403


def a_governed_project(found: Organization) -> None:
    """From the bootstrap to a governed project and back, as the runner, who has only what the bootstrap granted."""
    found.act_as("token-of-ann", OPERATOR)
    # The five commands of the README, but for those that make a clone and a person's credentials.
    found.variables["GOOGLE_OAUTH_ACCESS_TOKEN"] = found.impersonate("token-of-ann", RUNNER)
    wanted = ("--team", "chat=1200", "--email", "oncall@example.com", "--allowed-ips", "203.0.113.0/24")
    where = ("--account", ACCOUNT, "--folder", FOLDER, "--seed", SEED)
    for command in (
        ("new", "prod", *where, *wanted),
        ("preflight", "prod"),
        ("up", "prod", "--yes"),
        ("preflight", "prod"),
    ):
        code, printed = found.run("gemini-lz", *command)
        assert code == 0, printed
        assert command[0] != "preflight" or "prod: nothing in the way; 1 of 1 eligible" in printed, printed
    caps = found.cloud.call("GET", f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets")["budgets"]
    assert sum("spendCap" in each for each in caps) == 1
    file = found.folder / "stacks" / "Pulumi.prod.yaml"
    held = (("deletionPolicy: PREVENT", "deletionPolicy: DELETE"), ("protect: true", "protect: false"))
    text = file.read_text()
    for old, new in held:
        text = text.replace(old, new)
    file.write_text(text)
    for command in (("up", "prod", "--yes"), ("destroy", "prod", "--yes")):
        code, printed = found.run("gemini-lz", *command)
        assert code == 0, printed


@pytest.mark.long
def test_a_bootstrap_that_was_killed_goes_on_and_the_next_changes_nothing(
    tmp_path: Path, engine: Engine, cloud: Cloud
) -> None:
    with organization(tmp_path, engine, cloud) as found:
        with_what_the_docs_ask_for(found)
        mistyped = ("--billing-account", "0FFFFF-FFFFFF-FFFFFF")
        printed = found.bootstrap(*FLAGS, *mistyped, code=1)
        assert (
            "error the billing account 0FFFFF-FFFFFF-FFFFFF does not exist, or you may not see it" in printed
        )
        assert printed.splitlines()[-1] == "refused: 1 error; nothing was created"
        assert not list((found.folder / "bootstrap").glob("Pulumi.*.yaml"))

        found.kill(*FLAGS, "--github", "acme/gemini", "--operators", OPERATOR, writes=8)
        state = found.folder / "bootstrap" / ".state"
        assert state.stat().st_mode & 0o077 == 0
        # The worst case: what the killed run had written of its state is gone too, and so is its lock.
        shutil.rmtree(state)

        printed = found.bootstrap()
        assert "took over project seed" in printed
        assert f"moved the state of the bootstrap to gs://{BUCKET}" in printed
        assert not state.exists()
        assert len(found.object(STATE)["checkpoint"]["latest"]["resources"]) > 30
        assert yaml.safe_load((found.folder / "Pulumi.yaml").read_text())["backend"] == {
            "url": f"gs://{BUCKET}"
        }
        assert len([each for each in found.writes() if each.startswith("POST /v1/projects?")]) == 1
        runner_can_do_what_it_is_for(found)
        a_governed_project(found)
        found.act_as("token-of-admin", CALLER)

        before = found.writes()
        printed = found.bootstrap()
        assert f"the bootstrap's own state is in gs://{BUCKET}" in printed
        assert printed.splitlines()[-1].startswith("33 unchanged")
        assert found.writes() == before

        # Killed while the state moves: the bucket has none yet, and the folder has it still. A grant was taken away
        # by hand, of which the state does not know.
        path = f"/cloudresourcemanager/v3/{FOLDER}"
        policy = found.cloud.call("POST", f"{path}:getIamPolicy", {})
        own = [each for each in policy["bindings"] if f"serviceAccount:{RUNNER}" not in each["members"]]
        assert len(own) == len(policy["bindings"]) - 1
        found.cloud.call("POST", f"{path}:setIamPolicy", {"policy": {**policy, "bindings": own}})
        before = found.writes()
        local = state / STATE
        local.parent.mkdir(parents=True)
        local.write_text(json.dumps(found.object(STATE)))
        path = f"/storage/storage/v1/b/{BUCKET}/o/{quote(STATE, safe='')}"
        assert found.call("token-of-admin", "DELETE", path)[0] == 204
        printed = found.bootstrap()
        assert f"moved the state of the bootstrap to gs://{BUCKET}" in printed
        assert printed.splitlines()[-1].startswith("1 created, 32 unchanged")
        assert found.writes() == [*before, f"POST /v3/{FOLDER}:setIamPolicy?alt=json&prettyPrint=false"]
        assert not state.exists()


def test_what_is_in_the_way_is_refused_before_anything_is_made(
    tmp_path: Path, engine: Engine, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    projects = "/cloudresourcemanager/v1/projects"
    body = {"parent": {"type": "folder", "id": FOLDER.partition("/")[2]}}
    for name in ("acme-other-seed", "acme-gone-seed"):
        cloud.call("POST", projects, {**body, "projectId": name})
    cloud.call("DELETE", f"{projects}/acme-gone-seed")
    with organization(tmp_path, engine, cloud) as found:
        for name, value in found.workspace.environment.items():
            monkeypatch.setenv(name, value)
        project = find_project(found.folder)
        assert project
        before = found.writes()

        def refused(seed: str, *, adopt: bool) -> str:
            values = {"parent": FOLDER, "organization": ORGANIZATION, "billingAccount": ACCOUNT}
            settings = load_bootstrap({**values, "seed": seed, "adopt": adopt})
            with pytest.raises(BootstrapError) as error:
                Bootstrap(project, settings, open_google()).check()
            return str(error.value)

        assert "the bootstrap did not create it: write --adopt" in refused("acme-other-seed", adopt=False)
        unlinked = refused("acme-other-seed", adopt=True)
        assert f"gcloud billing projects link acme-other-seed --billing-account={ACCOUNT}" in unlinked
        assert "gcloud projects undelete acme-gone-seed" in refused("acme-gone-seed", adopt=False)
        assert "acme-new-seed does not exist" in refused("acme-new-seed", adopt=True)
        assert organization_of(open_google(), FOLDER) == ORGANIZATION
        assert found.writes() == before
