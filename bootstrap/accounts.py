"""Service accounts of the seed project, and who may act as them."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import serviceaccount

from bootstrap.options import options
from bootstrap.seed import Seed
from landing_zone.settings.bootstrap import BootstrapSettings


@dataclass(frozen=True)
class Account:
    """A service account."""

    project: str
    id: str
    email: str
    resource: serviceaccount.Account

    @property
    def member(self) -> str:
        """The account in IAM policies."""
        return f"serviceAccount:{self.email}"

    def let(self, name: str, role: str, member: pulumi.Input[str], after: list[pulumi.Resource]) -> None:
        """Give a member a role on the account."""
        serviceaccount.IAMMember(
            f"{self.id}--{name}",
            service_account_id=f"projects/{self.project}/serviceAccounts/{self.email}",
            role=role,
            member=member,
            opts=options([self.resource, *after]),
        )


def make_account(
    settings: BootstrapSettings, account_id: str, title: str, description: str, seed: Seed
) -> Account:
    """Create a service account without a key file: people and CI act as it by short-lived tokens."""
    made = serviceaccount.Account(
        account_id,
        project=settings.seed,
        account_id=account_id,
        display_name=title,
        description=description,
        opts=options(seed.ready),
    )
    return Account(settings.seed, account_id, settings.account(account_id), made)


def let_impersonate(account: Account, member: str) -> None:
    """Let a member make tokens of the account, which is to act as it."""
    account.let(member, "roles/iam.serviceAccountTokenCreator", member, [])
