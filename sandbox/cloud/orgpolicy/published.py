"""Google's own constraints that policies may name, as published in its list of constraints (read on 2026-11-27).

Each is a switch, which is enforced or not, or a list of allowed or denied values. The managed ones are switches, some
with parameters. Which of them the local cloud enforces: `enforcement`.
"""

from typing import Final

_SWITCHES: Final = {
    "ainotebooks": "disableFileDownloads disableRootAccess disableTerminal requireAutoUpgradeSchedule restrictPublicIp",
    "appengine": "disableCodeDownload",
    "bigquery": "disableBQOmniAWS disableBQOmniAzure",
    "cloudbuild": "disableCreateDefaultServiceAccount useBuildServiceAccount useComputeServiceAccount",
    "clouddeploy": "disableServiceLabelGeneration",
    "cloudfunctions": "requireVPCConnector",
    "cloudkms": "disableBeforeDestroy",
    "compute": "disableAllIpv6 disableGlobalCloudArmorPolicy disableGlobalLoadBalancing "
    "disableGlobalSelfManagedSslCertificate disableGlobalSerialPortAccess disableGuestAttributesAccess "
    "disableHybridCloudIpv6 disableInstanceDataAccessApis disableInternetNetworkEndpointGroup "
    "disableNestedVirtualization disableNonFIPSMachineTypes disableSerialPortAccess disableSerialPortLogging "
    "disableSshInBrowser disableVpcExternalIpv6 disableVpcInternalIpv6 enableComplianceMemoryProtection "
    "requireOsConfig requireOsLogin requireShieldedVm restrictXpnProjectLienRemoval "
    "setGlobalDnsOnly setNewProjectDefaultToZonalDNSOnly skipDefaultNetworkCreation",
    "datastream": "disablePublicConnectivity",
    "firestore": "requireP4SAforImportExport",
    "gcp": "detailedAuditLoggingMode disableCloudLogging",
    "iam": "automaticIamGrantsForDefaultServiceAccounts disableAuditLoggingExemption "
    "disableCrossProjectServiceAccountUsage disableServiceAccountCreation disableServiceAccountKeyCreation "
    "disableServiceAccountKeyUpload disableWorkloadIdentityClusterCreation "
    "restrictCrossProjectServiceAccountLienRemoval",
    "pubsub": "enforceInTransitRegions",
    "spanner": "assuredWorkloadsAdvancedServiceControls disableMultiRegionInstanceIfNoLocationSelected",
    "sql": "disableDefaultEncryptionCreation restrictAuthorizedNetworks restrictNoncompliantDiagnosticDataAccess "
    "restrictNoncompliantResourceCreation restrictPublicIp",
    "storage": "publicAccessPrevention secureHttpTransport uniformBucketLevelAccess",
}
_MANAGED: Final = {
    "compute": "blockPreviewFeatures disableGuestAttributesAccess disableNestedVirtualization "
    "disableSerialPortAccess disableSerialPortLogging disallowGlobalDns requireOsConfig requireOsLogin "
    "vmCanIpForward vmExternalIpAccess",
    "container": "disableABAC disableInsecureKubeletReadOnlyPort disableLegacyClientCertificateIssuance "
    "disableRBACSystemBindings disallowDefaultComputeServiceAccount enableBinaryAuthorization enableCloudLogging "
    "enableControlPlaneDNSOnlyAccess enableGoogleGroupsRBAC enableNetworkPolicy enablePrivateNodes "
    "enableSecretsEncryption enableSecurityBulletinNotifications enableShieldedNodes "
    "enableWorkloadIdentityFederation",
    "essentialcontacts": "allowedContactDomains",
    "gcp": "allowedMCPServices",
    "iam": "allowedPolicyMembers disableServiceAccountApiKeyCreation disableServiceAccountCreation "
    "disableServiceAccountKeyCreation disableServiceAccountKeyUpload "
    "preventPrivilegedBasicRolesForDefaultServiceAccounts",
    "pubsub": "disableSubscriptionMessageTransforms disableTopicMessageTransforms",
    "run": "requireInvokerIam",
}
_LISTS: Final = {
    "ainotebooks": "accessMode environmentOptions restrictVpcNetworks",
    "cloudbuild": "allowedIntegrations allowedWorkerPools",
    "cloudfunctions": "allowedIngressSettings allowedVpcConnectorEgressSettings restrictAllowedGenerations",
    "cloudkms": "allowedProtectionLevels minimumDestroyScheduledDuration",
    "cloudscheduler": "allowedTargetTypes",
    "compute": "allowedVlanAttachmentEncryption disablePrivateServiceConnectCreationForConsumers requireSslPolicy "
    "requireVpcFlowLogs restrictCloudNATUsage restrictCrossProjectServices restrictDedicatedInterconnectUsage "
    "restrictLoadBalancerCreationForTypes restrictNonConfidentialComputing restrictPartnerInterconnectUsage "
    "restrictPrivateServiceConnectConsumer restrictPrivateServiceConnectProducer "
    "restrictProtocolForwardingCreationForTypes restrictSharedVpcBackendServices "
    "restrictSharedVpcHostProjects restrictSharedVpcSubnetworks restrictVpcPeering restrictVpnPeerIPs "
    "sharedReservationsOwnerProjects storageResourceUseRestrictions trustedImageProjects vmCanIpForward "
    "vmExternalIpAccess",
    "dataform": "restrictGitRemotes",
    "essentialcontacts": "allowedContactDomains",
    "gcp": "resourceLocations restrictCmekCryptoKeyProjects restrictEndpointUsage restrictNonCmekServices "
    "restrictServiceUsage restrictTLSCipherSuites restrictTLSVersion",
    "iam": "allowServiceAccountCredentialLifetimeExtension allowedPolicyMemberDomains serviceAccountKeyExpiryHours "
    "serviceAccountKeyExposureResponse workloadIdentityPoolAwsAccounts workloadIdentityPoolProviders",
    "meshconfig": "allowedVpcscModes",
    "resourcemanager": "accessBoundaries allowEnabledServicesForExport allowedExportDestinations allowedImportSources",
    "run": "allowedBinaryAuthorizationPolicies allowedIngress allowedVPCEgress",
    "serviceuser": "services",
    "storage": "restrictAuthTypes retentionPolicySeconds softDeletePolicySeconds",
    "vertexai": "allowedGenAIModels allowedModels allowedPartnerModelFeatures",
}


def _names(table: dict[str, str], between: str = ".") -> set[str]:
    return {f"{service}{between}{name}" for service, names in table.items() for name in names.split()}


SWITCHES: Final = frozenset(_names(_SWITCHES) | _names(_MANAGED, ".managed."))
LISTS: Final = frozenset(_names(_LISTS))
