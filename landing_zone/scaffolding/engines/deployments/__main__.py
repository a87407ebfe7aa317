"""Pulumi Deployments for the stacks in fleet.json: settings, drift, and updates in order.

Written by `gemini-lz fleet export deployments`, with fleet.json; docs/engines.md of that project says how to run it.
"""

import json
from pathlib import Path
from typing import Any

import pulumi
import pulumi_pulumiservice as service


def register(fleet: dict[str, Any]) -> None:
    """Register what each stack of the fleet needs."""
    organization, project = fleet["organization"], fleet["project"]
    for name, stack in fleet["stacks"].items():
        settings = service.DeploymentSettings(
            name,
            organization=organization,
            project=project,
            stack=name,
            source_context=service.DeploymentSettingsSourceContextArgs(
                git=service.DeploymentSettingsGitSourceArgs(branch=fleet["branch"], repo_dir=fleet["folder"])
            ),
            vcs=service.DeploymentSettingsVcsArgs(
                provider="github",
                repository=fleet["repository"],
                # A stack that comes after others is updated by their webhooks.
                deploy_commits=not stack["after"],
                # A pull request's code would run as the account that updates: `gemini-lz ci` previews.
                preview_pull_requests=False,
                pull_request_template=False,
            ),
            executor_context=service.DeploymentSettingsExecutorContextArgs(executor_image=fleet["image"]),
            operation_context=operation(fleet, name, stack),
        )
        options = pulumi.ResourceOptions(parent=settings)
        service.DriftSchedule(
            f"{name}-drift",
            organization=organization,
            project=project,
            stack=name,
            schedule_cron=fleet["driftCron"],
            auto_remediate=False,
            opts=options,
        )
        if fleet["updateCron"] and not stack["after"]:
            service.DeploymentSchedule(
                f"{name}-update",
                organization=organization,
                project=project,
                stack=name,
                schedule_cron=fleet["updateCron"],
                pulumi_operation=service.PulumiOperation.UPDATE,
                opts=options,
            )
        for before in stack["after"]:
            service.Webhook(
                f"{before}/{name}",
                organization_name=organization,
                project_name=project,
                stack_name=before,
                display_name=f"update {name}",
                payload_url=f"{project}/{name}",
                format=service.WebhookFormat.PULUMI_DEPLOYMENTS,
                filters=[service.WebhookFilters.UPDATE_SUCCEEDED],
                active=True,
                opts=options,
            )


def operation(
    fleet: dict[str, Any], name: str, stack: dict[str, Any]
) -> service.DeploymentSettingsOperationContextArgs:
    """How a deployment prepares itself, and who it is at Google."""
    variables: dict[str, pulumi.Input[str]] = dict(fleet["environment"])
    if stack["passphrase"]:
        # pulumi config set --secret passphrase
        variables["PULUMI_CONFIG_PASSPHRASE"] = pulumi.Config().require_secret("passphrase")
    google = fleet["google"]
    return service.DeploymentSettingsOperationContextArgs(
        environment_variables=variables,
        oidc=service.OperationContextOIDCArgs(
            gcp=service.GCPOIDCConfigurationArgs(
                project_id=google["projectNumber"],
                workload_pool_id=google["pool"],
                provider_id=google["provider"],
                service_account=google["serviceAccount"],
            )
        ),
        pre_run_commands=[*fleet["install"], f".venv/bin/gemini-lz validate {name}"],
        # `install` does it by digests, and installs `gemini-lz` besides.
        options=service.OperationContextOptionsArgs(
            skip_install_dependencies=True, skip_intermediate_deployments=True
        ),
    )


register(json.loads(Path(__file__).with_name("fleet.json").read_text(encoding="utf-8")))
