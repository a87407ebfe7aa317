"""Names of resource types in output: a word for what people know as a budget, a key, a channel."""

from collections.abc import Mapping
from typing import Final

_OURS: Final = "gemini-landing-zone:index:"
WORDS: Final[Mapping[str, str]] = {
    "gcp:organizations/project:Project": "project",
    "gcp:billing/projectInfo:ProjectInfo": "billing link",
    "gcp:projects/service:Service": "API",
    "gcp:serviceaccount/account:Account": "service account",
    "gcp:projects/apiKey:ApiKey": "key",
    "gcp:billing/budget:Budget": "budget",
    "gcp:monitoring/notificationChannel:NotificationChannel": "channel",
    "gcp:monitoring/alertPolicy:AlertPolicy": "alert",
    "gcp:monitoring/dashboard:Dashboard": "dashboard",
    "gcp:serviceusage/consumerQuotaOverride:ConsumerQuotaOverride": "quota override",
    "gcp:cloudquota/sQuotaPreference:SQuotaPreference": "quota preference",
    "gcp:essentialcontacts/contact:Contact": "contact",
    "gcp:orgpolicy/policy:Policy": "organization policy",
    "gcp:orgpolicy/customConstraint:CustomConstraint": "constraint",
    "gcp:pubsub/topic:Topic": "topic",
    "gcp:pubsub/topicIAMMember:TopicIAMMember": "publisher of topic",
    "gcp:tags/tagBinding:TagBinding": "tag",
    "gcp:storage/bucket:Bucket": "bucket",
    "gcp:storage/bucketIAMMember:BucketIAMMember": "grant on the bucket to",
    "gcp:kms/keyRing:KeyRing": "key ring",
    "gcp:kms/cryptoKey:CryptoKey": "encryption key",
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": "grant on the encryption key to",
    "gcp:serviceaccount/iAMMember:IAMMember": "grant on the service account",
    "gcp:organizations/iAMCustomRole:IAMCustomRole": "custom role",
    "gcp:organizations/iAMMember:IAMMember": "grant on the organization to",
    "gcp:folder/iAMMember:IAMMember": "grant on the folder to",
    "gcp:billing/accountIamMember:AccountIamMember": "grant on the billing account to",
    "gcp:projects/iAMMember:IAMMember": "grant on the project to",
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": "workload identity pool",
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": "workload identity provider",
    "gcp:projects/iAMCustomRole:IAMCustomRole": "custom role",
    "gcp:cloudfunctionsv2/function:Function": "function",
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": "grant on the function",
    "gcp:cloudscheduler/job:Job": "schedule",
    "gcp:pubsub/subscription:Subscription": "subscription",
    "gcp:storage/bucketObject:BucketObject": "object",
    f"{_OURS}SpendCap": "spend cap",
    f"{_OURS}ProjectLimits": "limits",
    f"{_OURS}TierCheck": "tier check",
}
"""Resource type → its name in the output. A type of this project that is not here exists in the state alone."""
