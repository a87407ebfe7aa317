"""All resources of the bootstrap: the seed project → accounts, roles, state → grants → workload identity."""

from typing import Any

from bootstrap.accounts import let_impersonate, make_account
from bootstrap.federation import federate
from bootstrap.members import grant_on_account, grant_on_parent, grant_on_seed
from bootstrap.previewer import make_previewer
from bootstrap.roles import make_roles
from bootstrap.seed import make_seed
from bootstrap.state import make_state
from landing_zone.settings.bootstrap import RUNNER, BootstrapSettings


def make_everything(settings: BootstrapSettings) -> dict[str, Any]:
    """Register the resources; returns the stack's outputs."""
    seed = make_seed(settings)
    state = make_state(settings, seed)
    outputs: dict[str, Any] = {
        "seed": settings.seed,
        "backend": settings.backend,
        "secretsProvider": settings.secrets_provider,
    }
    if not settings.parent or not settings.billing_account:
        # Without an organization a service account creates no projects, and there are no custom roles: people run
        # stacks as themselves.
        for member in settings.operators:
            state.grant_writer(member.partition(":")[2], member, [])
        return outputs
    runner = make_account(
        settings, RUNNER, "gemini-landing-zone", "Runs the stacks of gemini-landing-zone.", seed
    )
    roles = make_roles(settings, seed)
    grant_on_parent(settings.parent, roles.parent, runner)
    grant_on_account(settings.billing_account, roles.account, runner)
    grant_on_seed(settings.seed, roles.seed, runner)
    if settings.forbid_unrestricted_keys and settings.organization:
        # Google's own role: people report that custom roles cannot have the permissions that write policies.
        grant_on_parent(settings.organization, "roles/orgpolicy.policyAdmin", runner)
    if roles.organization and settings.organization:
        grant_on_parent(settings.organization, roles.organization, runner)
    state.grant_writer(RUNNER, runner.member, [runner.resource])
    for member in settings.operators:
        let_impersonate(runner, member)
    outputs["runner"] = runner.email
    previewer = make_previewer(settings, seed, state) if settings.preview_account else None
    if previewer:
        outputs["previewer"] = previewer.email
    outputs |= federate(settings, seed, runner, previewer)
    return outputs
