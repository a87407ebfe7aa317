"""A program of pulumi_gcp as programs are: components, links, imports and providers of its own.

Breaks policies in a few places, which the test names.
"""

from typing import Any

import pulumi
import pulumi_gcp as gcp

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
FOLDER = "987654321098"
GEMINI = "generativelanguage.googleapis.com"
CARE = {"owner": "platform", "cost-centre": "cc-4711"}
PROTECTED = pulumi.ResourceOptions(protect=True)
TELLS: Any = [
    {"threshold_percent": 0.5},
    {"threshold_percent": 1.0},
    {"threshold_percent": 1.0, "spend_basis": "FORECASTED_SPEND"},
]


def budget(name: str, *numbers: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> None:
    """A budget of projects, by their numbers."""
    gcp.billing.Budget(
        name,
        billing_account=ACCOUNT,
        display_name=name,
        amount={"specified_amount": {"currency_code": "USD", "units": "10"}},
        budget_filter={
            "projects": [pulumi.Output.concat("projects/", number) for number in numbers],
            "services": ["services/AEFD-7695-64FA"],
            "credit_types_treatment": "EXCLUDE_ALL_CREDITS",
        },
        threshold_rules=TELLS,
        opts=opts,
    )


class Team(pulumi.ComponentResource):
    """A project with an API and a key: what is in one has the names of what is in another."""

    def __init__(self, kind: str, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"acme:index:{kind}", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        project = gcp.organizations.Project(
            "project",
            project_id=f"acme-odd-{name}",
            name=f"acme-odd-{name}",
            folder_id=FOLDER,
            billing_account=ACCOUNT,
            labels=CARE,
            opts=inside,
        )
        apis = [
            gcp.projects.Service(
                api, project=project.project_id, service=f"{api}.googleapis.com", opts=inside
            )
            for api in ("apikeys", "generativelanguage")
        ]
        gcp.projects.ApiKey(
            "key",
            project=project.project_id,
            restrictions={
                "api_targets": [{"service": GEMINI}],
                "server_key_restrictions": {"allowed_ips": ["203.0.113.7"]},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=apis),
        )
        budget("budget", project.number, opts=inside)


Team("Careful", "careful", PROTECTED)
# Not protected, and so nothing in it.
Team("Careless", "careless")

# Made by hand, and linked here: the link and the API have its number, as the budget has.
there = gcp.organizations.get_project(project_id="acme-odd-there")
gcp.billing.ProjectInfo("there", project=there.number, billing_account=ACCOUNT)
budget("there", there.number)
gcp.projects.Service("there", project=there.number, service=GEMINI)

# Made by hand, and taken over; its old name was another.
imported = gcp.organizations.Project(
    "imported",
    project_id="acme-odd-imported",
    name="acme-odd-imported",
    folder_id=FOLDER,
    billing_account=ACCOUNT,
    labels={"owner": "platform"},
    opts=pulumi.ResourceOptions(
        protect=True, import_="acme-odd-imported", aliases=[pulumi.Alias(name="adopted")]
    ),
)
budget("imported", imported.number)

# Links that name their projects in two ways.
by_id = gcp.organizations.Project(
    "by-id", project_id="acme-odd-by-id", name="acme-odd-by-id", folder_id=FOLDER, labels=CARE, opts=PROTECTED
)
by_number = gcp.organizations.Project(
    "by-number",
    project_id="acme-odd-by-number",
    name="acme-odd-by-number",
    folder_id=FOLDER,
    labels=CARE,
    opts=PROTECTED,
)
gcp.billing.ProjectInfo("by-id", project=by_id.project_id, billing_account=ACCOUNT)
gcp.billing.ProjectInfo("by-number", project=by_number.number, billing_account=ACCOUNT)
budget("both", by_id.number, by_number.number)

# Its id is made from what only the update tells, and its link's as well: which is paid, no preview knows.
made_up = by_id.number.apply(lambda number: f"acme-{number}")
random = gcp.organizations.Project(
    "random",
    project_id=made_up,
    name="acme-odd-random",
    folder_id=FOLDER,
    labels={**CARE, "gemini-private-data": "true"},
    opts=PROTECTED,
)
gcp.billing.ProjectInfo(
    "random", project=made_up, billing_account=ACCOUNT, opts=pulumi.ResourceOptions(depends_on=[random])
)
budget("random", random.number)

# What a provider gives to all that it makes: labels, the project, and a deletion policy that is not allowed.
provider = gcp.Provider("own", project="sandbox-seed", default_labels=CARE, deletion_policy="DELETE")
OWN = pulumi.ResourceOptions(provider=provider, protect=True)
gcp.organizations.Project(
    "of-provider",
    project_id="acme-odd-of-provider",
    name="acme-odd-of-provider",
    folder_id=FOLDER,
    opts=OWN,
)
gcp.projects.Service("of-provider", service=GEMINI, opts=OWN)
