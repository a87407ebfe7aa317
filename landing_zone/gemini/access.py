"""Permissions of Google Cloud that open Gemini without an API key or take its limits away, and the roles with them.

The Gemini API has no permissions of its own: a caller with an OAuth token needs `serviceusage.services.use` alone.
https://cloud.google.com/iam/docs/roles-permissions/generativelanguage,
https://cloud.google.com/iam/docs/roles-permissions/serviceusage,
https://cloud.google.com/iam/docs/roles-permissions/apikeys (2026-11-26)

Roles by permission: https://github.com/iann0036/iam-dataset, gcp/roles (2026-08-22), without those of Google's
service agents. `roles/admin`, `roles/writer` and `roles/reader` are the successors of owner, editor and viewer.
Builds, Deployment Manager and Infrastructure Manager act as a service account of the project, and whoever changes the
provider of an identity pool decides who comes in by it. Roles that reach a service account only through a machine or
cluster that runs as it are not here: such machines are for the owners of the policies to allow (`known-resources`).
The choice of these permissions is this project's own.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class _Ability:
    """What permissions allow, and the predefined roles that have one of them, without `roles/`."""

    text: str
    permissions: str
    roles: str


_ABILITIES: Final = (
    _Ability(
        "call the Gemini API without a key",
        "serviceusage.services.use",
        "actions.Admin actions.Viewer admin artifactregistry.containerRegistryMigrationAdmin "
        "container.nodeServiceAccount dlp.admin dlp.orgdriver dlp.projectdriver dlp.user editor "
        "fleetengine.deliveryAdmin fleetengine.ondemandAdmin geminicloudassist.admin geminicloudassist.editor "
        "geminicloudassist.investigationAdmin geminicloudassist.investigationCreator "
        "geminicloudassist.investigationEditor geminicloudassist.investigationOwner "
        "geminicloudassist.investigationUser geminicloudassist.investigationViewer geminicloudassist.user "
        "geminicloudassist.viewer iam.dataScientist iam.databasesAdmin owner redis.admin redis.editor "
        "redis.viewer run.sourceDeveloper securedlandingzone.bqdwProjectRemediator securitycenter.admin "
        "serviceusage.serviceUsageAdmin serviceusage.serviceUsageConsumer telcoautomation.admin writer",
    ),
    _Ability(
        "read or create API keys",
        "apikeys.keys.create apikeys.keys.getKeyString apikeys.keys.undelete apikeys.keys.update",
        "firebase.admin firebase.developAdmin iam.supportUser reader serviceusage.apiKeysAdmin "
        "serviceusage.apiKeysViewer viewer",
    ),
    _Ability(
        "act as a service account",
        "cloudbuild.builds.create config.deployments.create config.deployments.update "
        "deploymentmanager.deployments.create deploymentmanager.deployments.update "
        "iam.googleapis.com/workforcePoolProviders.create iam.googleapis.com/workforcePoolProviders.update "
        "iam.googleapis.com/workloadIdentityPoolProviders.create "
        "iam.googleapis.com/workloadIdentityPoolProviders.update iam.serviceAccountKeys.create "
        "iam.serviceAccounts.actAs iam.serviceAccounts.getAccessToken iam.serviceAccounts.implicitDelegation "
        "iam.serviceAccounts.signBlob iam.serviceAccounts.signJwt iam.workforcePoolProviders.create "
        "iam.workforcePoolProviders.update iam.workloadIdentityPoolProviders.create "
        "iam.workloadIdentityPoolProviders.update",
        "assuredoss.admin backupdr.computeEngineOperator cloudbuild.admin cloudbuild.builds.builder "
        "cloudbuild.builds.editor cloudbuild.editor composer.worker config.admin config.editor dataflow.admin "
        "dataflow.developer dataproc.hubAgent deploymentmanager.admin deploymentmanager.editor iam.admin "
        "iam.devOps iam.editor iam.serviceAccountKeyAdmin iam.serviceAccountTokenCreator "
        "iam.serviceAccountUser iam.workforcePoolAdmin iam.workforcePoolEditor iam.workloadIdentityPoolAdmin "
        "iam.workloadIdentityUser",
    ),
    _Ability(
        "grant any role",
        "billing.accounts.setIamPolicy iam.roles.update iam.serviceAccounts.setIamPolicy "
        "privilegedaccessmanager.entitlements.create privilegedaccessmanager.entitlements.setIamPolicy "
        "privilegedaccessmanager.entitlements.update resourcemanager.folders.setIamPolicy "
        "resourcemanager.organizations.setIamPolicy resourcemanager.projects.setIamPolicy",
        "billing.admin earthengine.appsPublisher iam.organizationRoleAdmin iam.roleAdmin iam.securityAdmin "
        "iam.serviceAccountAdmin privilegedaccessmanager.admin resourcemanager.folderAdmin "
        "resourcemanager.folderIamAdmin resourcemanager.organizationAdmin resourcemanager.projectIamAdmin",
    ),
    _Ability(
        "read secrets such as the strings of API keys",
        "secretmanager.secrets.setIamPolicy secretmanager.versions.access",
        "secretmanager.admin secretmanager.secretAccessor",
    ),
    _Ability(
        "take limits away",
        "cloudquotas.quotas.update serviceusage.quotas.update",
        "cloudquotas.admin servicemanagement.quotaAdmin",
    ),
    _Ability(
        "take budgets and spend caps away, or change who pays",
        "billing.accounts.close billing.accounts.move billing.budgets.configureSpendCap "
        "billing.budgets.delete billing.budgets.update billing.resourceAssociations.create "
        "billing.resourceAssociations.delete resourcemanager.projects.createBillingAssignment "
        "resourcemanager.projects.deleteBillingAssignment",
        "billing.costsManager billing.linkAdmin billing.projectManager billing.user "
        "consumerprocurement.orderAdmin consumerprocurement.procurementAdmin",
    ),
    _Ability(
        "take the organization's rules off a project",
        "iam.denypolicies.delete iam.denypolicies.update orgpolicy.policies.create orgpolicy.policies.delete "
        "orgpolicy.policies.update orgpolicy.policy.set resourcemanager.projects.move",
        "assuredworkloads.admin assuredworkloads.editor iam.denyAdmin orgpolicy.policyAdmin "
        "resourcemanager.folderMover resourcemanager.projectMover securityposture.admin "
        "securityposture.postureDeployer",
    ),
    _Ability(
        "enable other APIs that serve Gemini's models",
        "serviceusage.consumerpolicy.update serviceusage.services.enable",
        "assuredoss.projectAdmin commercebusinessenablement.admin consumerprocurement.entitlementManager "
        "iam.infrastructureAdmin iam.networkAdmin iam.siteReliabilityEngineer monitoring.admin "
        "monitoring.editor stackdriver.accounts.editor",
    ),
    _Ability(
        "call other APIs that serve Gemini's models",
        "aiplatform.endpoints.predict dialogflow.sessions.detectIntent "
        "dialogflow.sessions.streamingDetectIntent discoveryengine.assistants.assist "
        "discoveryengine.servingConfigs.search firebasevertexai.configs.update "
        "geminidataanalytics.dataAgents.chat geminidataanalytics.locations.chat",
        "aiplatform.admin aiplatform.editor aiplatform.expressAdmin aiplatform.expressUser aiplatform.user "
        "bigquery.studioAdmin bigquery.studioUser dialogflow.admin dialogflow.agentAssistClient "
        "dialogflow.client dialogflow.consoleAgentEditor dialogflow.consoleSimulatorUser "
        "discoveryengine.admin discoveryengine.agentspaceAdmin discoveryengine.agentspaceEditor "
        "discoveryengine.agentspaceUser discoveryengine.agentspaceViewer discoveryengine.editor "
        "discoveryengine.podcastApiUser discoveryengine.user discoveryengine.viewer firebasevertexai.admin "
        "geminidataanalytics.admin geminidataanalytics.dataAgentCreator geminidataanalytics.dataAgentEditor "
        "geminidataanalytics.dataAgentOwner geminidataanalytics.dataAgentStatelessUser "
        "geminidataanalytics.dataAgentUser geminidataanalytics.viewer iam.mlEngineer",
    ),
)
"""The first one that a role has is reported: the directest way to spend comes first."""

ROLES: Final[Mapping[str, str]] = {
    f"roles/{role}".lower(): each.text for each in reversed(_ABILITIES) for role in each.roles.split()
}
"""Predefined role, in lowercase -> what it allows, such as `read or create API keys`."""

_PERMISSIONS: Final[Mapping[str, str]] = {
    permission.lower(): each.text for each in _ABILITIES for permission in each.permissions.split()
}


def ability_of(permissions: Iterable[str]) -> str | None:
    """What the permissions of a custom role allow, as in `ROLES`; None if nothing of it."""
    found = {_PERMISSIONS.get(permission.strip().lower()) for permission in permissions}
    return next((each.text for each in _ABILITIES if each.text in found), None)


PUBLIC: Final = frozenset({"allusers", "allauthenticatedusers"})
"""Members that are anybody, in lowercase."""

_SERVICE_AGENT: Final = re.compile(
    r"serviceaccount:(?:"
    r"service-\d+@(?:gcp-sa-[a-z0-9-]+|compute-system|dataproc-accounts|gcf-admin-robot|gs-project-accounts|"
    r"serverless-robot-prod))\.iam\.gserviceaccount\.com",
    re.ASCII,
)
"""Those that the documentation of pulumi_gcp 10.2 names; Google has more, which the owners of the policies can allow.
Form of their addresses: https://cloud.google.com/iam/docs/service-agents
"""


def is_service_agent_role(role: str) -> bool:
    """True for a predefined role that Google made for its own service agents, such as `roles/pubsub.serviceAgent`."""
    name = role.strip().lower()
    return name.startswith("roles/") and "serviceagent" in name


def is_service_agent(member: str) -> bool:
    """True for an account of Google's own in a project, by its address."""
    return bool(_SERVICE_AGENT.fullmatch(member.strip().lower()))
