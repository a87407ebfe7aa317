"""The seed project, which calls count against, and its APIs."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp
from pulumi_gcp import organizations, projects

from bootstrap.options import options
from landing_zone.google.seed_apis import GUARD_APIS, SEED_APIS
from landing_zone.names import STACK_LABEL, stack_label
from landing_zone.settings.bootstrap import BootstrapSettings


@dataclass(frozen=True)
class Seed:
    """The seed project."""

    id: str
    project: organizations.Project
    apis: list[pulumi.Resource]

    @property
    def ready(self) -> list[pulumi.Resource]:
        """What everything in the project depends on."""
        return [self.project, *self.apis]


def make_seed(settings: BootstrapSettings) -> Seed:
    """Create or read the project, and enable its APIs. They stay enabled, as others may use them."""
    # These calls do not count against the seed project: its own APIs are not on yet.
    provider = gcp.Provider("without-seed", user_project_override=False)
    project = _read(settings, provider) if settings.adopt else _create(settings, provider)
    apis = [
        projects.Service(
            service.partition(".")[0],
            project=settings.seed,
            service=service,
            disable_on_destroy=False,
            opts=options([project], provider=provider),
        )
        for service in (*SEED_APIS, *(GUARD_APIS if settings.guard else ()))
    ]
    return Seed(settings.seed, project, [*apis])


def _create(settings: BootstrapSettings, provider: gcp.Provider) -> organizations.Project:
    kind, _, number = (settings.parent or "").partition("/")
    return organizations.Project(
        "seed",
        project_id=settings.seed,
        name=settings.seed,
        folder_id=number if kind == "folders" else None,
        org_id=number if kind == "organizations" else None,
        billing_account=settings.billing_account,
        labels={STACK_LABEL: stack_label(pulumi.get_project(), pulumi.get_stack())},
        # With False, the plugin enables the Compute API to remove the default network, which creates that network.
        auto_create_network=True,
        deletion_policy="PREVENT",
        opts=options([], protect=True, provider=provider),
    )


def _read(settings: BootstrapSettings, provider: gcp.Provider) -> organizations.Project:
    # Read, not imported: an import would overwrite the project's own settings, and delete it with the stack.
    return organizations.Project.get("seed", f"projects/{settings.seed}", opts=options([], provider=provider))
