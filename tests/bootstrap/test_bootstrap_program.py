"""What the bootstrap asks of Google for its settings, by Pulumi's mocks. The engine's part is in test_bootstrap.py."""

import asyncio
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from bootstrap.everything import make_everything
from landing_zone.google.permissions import Place, Use, needed
from landing_zone.google.seed_apis import GUARD_APIS, SEED_APIS
from landing_zone.settings.bootstrap import load_bootstrap

SEED = "acme-gemini-seed"
ORGANIZATION = "organizations/123456789012"
RUNNER = f"serviceAccount:gemini-lz@{SEED}.iam.gserviceaccount.com"
PREVIEWER = f"serviceAccount:gemini-lz-preview@{SEED}.iam.gserviceaccount.com"
POOL = "projects/1234/locations/global/workloadIdentityPools/gemini-lz"
SETTINGS = {
    "seed": SEED,
    "parent": "folders/987654321098",
    "organization": ORGANIZATION,
    "billingAccount": "01A2B3-C4D5E6-F7A8B9",
}


class Recorder(pulumi.runtime.Mocks):
    """Answers as Google would, and keeps what was asked for."""

    def __init__(self) -> None:
        self.resources: list[mocks.MockResourceArgs] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.resources.append(args)
        names = {
            "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": POOL,
            "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": f"{POOL}/providers/{args.name}",
        }
        return f"{args.name}-id", {
            "number": "1234",
            **args.inputs,
            "name": names.get(args.typ, args.inputs.get("name")),
        }

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the program asked for {args.token}")

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Inputs of the resources of a type, such as storage/bucket:Bucket."""
        return [each.inputs for each in self.resources if each.typ == f"gcp:{kind}"]

    def grants(self) -> set[tuple[str, str, str]]:
        """Place, role and member of each grant."""
        places = (
            ("folder", "folder"),
            ("orgId", "organization"),
            ("billingAccountId", "account"),
            ("bucket", "bucket"),
            ("cryptoKeyId", "key"),
            ("serviceAccountId", ""),
            ("project", "seed"),
        )
        found = set()
        for each in self.resources:
            if "member" in each.inputs:
                place = next(
                    name or each.inputs[key].rpartition("/")[2].partition("@")[0]
                    for key, name in places
                    if key in each.inputs
                )
                found.add((place, each.inputs["role"], each.inputs["member"]))
        return found


def made(**settings: Any) -> tuple[Recorder, dict[str, Any]]:
    """Run the program to its end: what it asked for, and its outputs."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    recorder = Recorder()
    outputs: dict[str, Any] = {}
    mocks.set_mocks(recorder, project="gemini-landing-zone-bootstrap", stack=SEED, preview=False)
    loaded = load_bootstrap({**SETTINGS, **settings})

    def run() -> pulumi.Output[None]:
        return pulumi.Output.from_input(make_everything(loaded)).apply(outputs.update)

    pulumi.runtime.test(run)()
    return recorder, outputs


def permissions(*places: Place) -> list[str]:
    """Those of a runner without `--guard`."""
    return sorted({each.name for place in places for each in needed(place, {*Use} - {Use.GUARD})})


def test_the_runner_has_exactly_what_the_table_of_permissions_lists() -> None:
    recorder, outputs = made(operators=["group:platform@example.com"])
    roles = {
        each["roleId"]: each["permissions"]
        for each in recorder.of("organizations/iAMCustomRole:IAMCustomRole")
    }
    assert roles == {
        "geminiLzParent_acme_gemini_seed": permissions(Place.PARENT),
        "geminiLzBillingAccount_acme_gemini_seed": permissions(Place.ACCOUNT),
        "geminiLzSeed_acme_gemini_seed": permissions(Place.SEED, Place.NOTIFICATIONS),
    }
    assert "billing.budgets.configureSpendCap" in roles["geminiLzBillingAccount_acme_gemini_seed"]
    assert recorder.grants() == {
        ("folder", f"{ORGANIZATION}/roles/geminiLzParent_acme_gemini_seed", RUNNER),
        ("account", f"{ORGANIZATION}/roles/geminiLzBillingAccount_acme_gemini_seed", RUNNER),
        ("seed", f"{ORGANIZATION}/roles/geminiLzSeed_acme_gemini_seed", RUNNER),
        ("bucket", "roles/storage.objectUser", RUNNER),
        ("key", "roles/cloudkms.cryptoKeyEncrypterDecrypter", RUNNER),
        ("gemini-lz", "roles/iam.serviceAccountTokenCreator", "group:platform@example.com"),
    }
    assert outputs["runner"] == f"gemini-lz@{SEED}.iam.gserviceaccount.com"
    assert not recorder.of("serviceaccount/key:Key")


def test_the_seed_project_is_labelled_and_has_its_apis() -> None:
    recorder, _ = made()
    [project] = recorder.of("organizations/project:Project")
    assert project["folderId"] == "987654321098"
    assert project["billingAccount"] == SETTINGS["billingAccount"]
    assert project["labels"]["gemini-lz-stack"].startswith(SEED)
    assert sorted(each["service"] for each in recorder.of("projects/service:Service")) == sorted(SEED_APIS)
    assert not any(each["disableOnDestroy"] for each in recorder.of("projects/service:Service"))


def test_the_bucket_keeps_versions_and_is_never_public_and_the_key_rotates() -> None:
    recorder, outputs = made(location="EU", versions=30)
    [bucket] = recorder.of("storage/bucket:Bucket")
    assert (bucket["name"], bucket["location"]) == (f"{SEED}-state", "EU")
    assert bucket["versioning"] == {"enabled": True}
    assert bucket["uniformBucketLevelAccess"] is True
    assert bucket["publicAccessPrevention"] == "enforced"
    [rule] = bucket["lifecycleRules"]
    assert rule["condition"] == {"numNewerVersions": 30, "withState": "ARCHIVED"}
    [key] = recorder.of("kms/cryptoKey:CryptoKey")
    assert key["rotationPeriod"] == "7776000s"
    assert outputs["backend"] == f"gs://{SEED}-state"
    assert outputs["secretsProvider"] == (
        f"gcpkms://projects/{SEED}/locations/europe/keyRings/gemini-lz/cryptoKeys/state"
    )


def test_what_only_some_stacks_need_is_a_role_on_the_organization_if_asked() -> None:
    recorder, _ = made(forbidUnrestrictedKeys=True, tags=True)
    roles = {
        each["roleId"]: each["permissions"]
        for each in recorder.of("organizations/iAMCustomRole:IAMCustomRole")
    }
    assert roles["geminiLzOrganization_acme_gemini_seed"] == permissions(Place.TAG_VALUE)
    assert ("organization", "roles/orgpolicy.policyAdmin", RUNNER) in recorder.grants()
    assert (
        "organization",
        f"{ORGANIZATION}/roles/geminiLzOrganization_acme_gemini_seed",
        RUNNER,
    ) in recorder.grants()


def test_what_the_guard_needs_is_granted_if_asked() -> None:
    plain, _ = made()
    recorder, _ = made(guard=True, previewAccount=True)

    def on_seed(of: Recorder) -> list[str]:
        [role] = [
            each
            for each in of.of("organizations/iAMCustomRole:IAMCustomRole")
            if each["roleId"] == "geminiLzSeed_acme_gemini_seed"
        ]
        return list(role["permissions"])

    assert "resourcemanager.projects.setIamPolicy" not in on_seed(plain)
    assert on_seed(plain) == permissions(Place.SEED, Place.NOTIFICATIONS)
    every = (each.name for place in (Place.SEED, Place.NOTIFICATIONS) for each in needed(place))
    assert on_seed(recorder) == sorted({*every})
    services = {each["service"] for each in recorder.of("projects/service:Service")}
    assert services == {*SEED_APIS, *GUARD_APIS}


@pytest.mark.parametrize(
    ("settings", "issuer", "repository", "condition", "branch"),
    [
        (
            {"github": "acme/gemini"},
            "https://token.actions.githubusercontent.com",
            "acme/gemini",
            "assertion.repository == 'acme/gemini' && assertion.event_name != 'pull_request_target'",
            "assertion.repository + '@' + assertion.ref",
        ),
        (
            {"gitlab": "acme/platform/gemini", "gitlabUrl": "https://gitlab.example.com"},
            "https://gitlab.example.com",
            "acme/platform/gemini",
            "assertion.project_path == 'acme/platform/gemini'",
            # A fork's branch of the same name is not protected.
            "assertion.project_path + '@' + "
            "(assertion.ref_protected == 'true' ? assertion.ref_path : 'unprotected')",
        ),
    ],
)
def test_only_the_branch_acts_as_the_runner_and_pull_requests_as_the_previewer(
    settings: dict[str, str], issuer: str, repository: str, condition: str, branch: str
) -> None:
    recorder, outputs = made(**settings, previewAccount=True, branch="trunk")
    [provider] = recorder.of("iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider")
    assert provider["oidc"] == {"issuerUri": issuer}
    assert provider["attributeCondition"] == condition
    assert provider["attributeMapping"]["attribute.branch"] == branch
    name = next(iter(settings))
    assert outputs[f"{name}Provider"] == f"{POOL}/providers/{name}"
    member = "principalSet://iam.googleapis.com/" + POOL
    acting = {each for each in recorder.grants() if each[1] == "roles/iam.workloadIdentityUser"}
    assert acting == {
        (
            "gemini-lz",
            "roles/iam.workloadIdentityUser",
            f"{member}/attribute.branch/{repository}@refs/heads/trunk",
        ),
        (
            "gemini-lz-preview",
            "roles/iam.workloadIdentityUser",
            f"{member}/attribute.repository/{repository}",
        ),
    }
    reading = {role for _, role, who in recorder.grants() if who == PREVIEWER}
    assert reading == {
        "roles/browser",
        "roles/essentialcontacts.viewer",
        "roles/iam.securityReviewer",
        "roles/iam.serviceAccountViewer",
        "roles/logging.viewer",
        "roles/monitoring.viewer",
        "roles/pubsub.viewer",
        "roles/serviceusage.apiKeysViewer",
        "roles/serviceusage.serviceUsageViewer",
        "roles/cloudquotas.viewer",
        "roles/billing.viewer",
        "roles/serviceusage.serviceUsageConsumer",
        "roles/storage.objectViewer",
        "roles/cloudkms.cryptoKeyDecrypter",
    }


def test_a_seed_project_that_exists_is_read_and_never_made() -> None:
    recorder, _ = made(adopt=True)
    [project] = [each for each in recorder.resources if each.typ == "gcp:organizations/project:Project"]
    assert project.resource_id == f"projects/{SEED}"
    assert "labels" not in project.inputs


def test_without_an_organization_people_have_the_state_and_there_is_no_runner() -> None:
    recorder, outputs = made(parent=None, organization=None, operators=["user:ann@example.com"])
    assert recorder.grants() == {
        ("bucket", "roles/storage.objectUser", "user:ann@example.com"),
        ("key", "roles/cloudkms.cryptoKeyEncrypterDecrypter", "user:ann@example.com"),
    }
    assert "runner" not in outputs
    assert not recorder.of("serviceaccount/account:Account")
