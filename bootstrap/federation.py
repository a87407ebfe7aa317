"""Workload identity federation: pipelines of one repository act as the accounts, without a key file.

Sources of the claims: docs.github.com, "OpenID Connect reference"; docs.gitlab.com, "ID token authentication".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_gcp import iam

from bootstrap.accounts import Account
from bootstrap.options import options
from bootstrap.seed import Seed
from landing_zone.settings.bootstrap import RUNNER, BootstrapSettings


@dataclass(frozen=True)
class _Issuer:
    id: str
    url: str
    repository: str
    claim: str
    """The claim that names the repository."""
    branch: str
    """What follows the repository and @: the branch or tag that a run is of, such as refs/heads/main."""
    condition: str


def _issuers(settings: BootstrapSettings) -> Iterator[_Issuer]:
    if settings.github:
        yield _Issuer(
            "github",
            "https://token.actions.githubusercontent.com",
            settings.github,
            "repository",
            "assertion.ref",
            # Such a run has the branch that the pull request is for as its ref, and may build the request's code.
            f"assertion.repository == '{settings.github}' && assertion.event_name != 'pull_request_target'",
        )
    if settings.gitlab:
        yield _Issuer(
            "gitlab",
            settings.gitlab_url,
            settings.gitlab,
            "project_path",
            # A merge request's pipeline has its source branch here. One of a fork that a member runs in this project
            # must not act as the runner because that branch is called main: it is never protected.
            "(assertion.ref_protected == 'true' ? assertion.ref_path : 'unprotected')",
            f"assertion.project_path == '{settings.gitlab}'",
        )


def federate(
    settings: BootstrapSettings, seed: Seed, runner: Account, previewer: Account | None
) -> dict[str, pulumi.Output[Any]]:
    """Create the pool and its providers; returns the providers' full names as outputs.

    Runs on the branch, which GitLab has to protect, act as the runner; all runs of the repository, pull requests' among
    them, as the previewer.
    """
    issuers = list(_issuers(settings))
    if not issuers:
        return {}
    pool = iam.WorkloadIdentityPool(
        RUNNER,
        project=settings.seed,
        workload_identity_pool_id=RUNNER,
        display_name="gemini-landing-zone",
        description="Pipelines that run the stacks of gemini-landing-zone.",
        opts=options(seed.ready),
    )
    outputs: dict[str, pulumi.Output[Any]] = {}
    for issuer in issuers:
        provider = iam.WorkloadIdentityPoolProvider(
            issuer.id,
            project=settings.seed,
            workload_identity_pool_id=RUNNER,
            workload_identity_pool_provider_id=issuer.id,
            display_name=issuer.id,
            attribute_mapping={
                "google.subject": "assertion.sub",
                "attribute.repository": f"assertion.{issuer.claim}",
                "attribute.branch": f"assertion.{issuer.claim} + '@' + {issuer.branch}",
            },
            attribute_condition=issuer.condition,
            oidc=iam.WorkloadIdentityPoolProviderOidcArgs(issuer_uri=issuer.url),
            opts=options([pool]),
        )
        branch = f"attribute.branch/{issuer.repository}@refs/heads/{settings.branch}"
        _let(runner, seed, issuer, pool, branch)
        if previewer:
            _let(previewer, seed, issuer, pool, f"attribute.repository/{issuer.repository}")
        outputs[f"{issuer.id}Provider"] = provider.name
    return outputs


def _let(
    account: Account, seed: Seed, issuer: _Issuer, pool: iam.WorkloadIdentityPool, attribute: str
) -> None:
    # By the project's number, as IAM has it: an id is refused.
    location = pulumi.Output.concat("projects/", seed.project.number, "/locations/global")
    pool_name = pulumi.Output.concat(location, "/workloadIdentityPools/", RUNNER)
    member = pulumi.Output.concat("principalSet://iam.googleapis.com/", pool_name, "/", attribute)
    account.let(issuer.id, "roles/iam.workloadIdentityUser", member, [pool])
