"""Members of policies, roles, accounts, pools, organization policies and tags."""

from typing import Any

from tests.standins.lives.life import (
    ACCOUNT,
    CALLER,
    FOLDER,
    HOME,
    ORGANIZATION,
    REGION,
    SOURCE,
    Inputs,
    Life,
)

_CONDITION = {"title": "till-2027", "expression": 'request.time < timestamp("2027-01-01T00:00:00Z")'}


def _member(kind: str, owner: Inputs, role: str, whole: str, *prepared: tuple[str, str, Any]) -> Life:
    """A member of a role on `owner`; `whole` is what an import names it by."""
    member = "user:Ann@example.com"
    return Life(
        type=kind,
        inputs={**owner, "role": role, "member": member},
        updates=(
            {"member": "group:admins@example.com"},
            {"member": "domain:example.com"},
            {"condition": {**_CONDITION, "description": "for the migration"}},
            {"condition": _CONDITION},
            {"condition": None, "member": "user:ann@example.com"},
        ),
        bad=(
            {"member": "ann@example.com"},
            {"member": "deleted:user:ann@example.com?uid=1"},
            {"member": ""},
            {"member": "person:ann@example.com"},
            {"member": "user:"},
            {"member": "serviceAccount:nobody@nowhere.iam.gserviceaccount.com"},
            {"role": "owner"},
            {"role": "roles/none.such"},
            {"role": ""},
            {"condition": {"title": "no expression"}},
            {"condition": {"expression": "true"}},
            {"condition": {"title": "wrong", "expression": "request.time <"}},
            {"etag": "mine"},
            *([{"location": None}] if "location" in owner else []),
        ),
        imported=f"{whole} {role} user:ann@example.com",
        prepared=prepared,
    )


_RING = f"projects/{HOME}/locations/{REGION}/keyRings/members"
_KEY = f"{_RING}/cryptoKeys/members"
_OF_ACCOUNT = f"projects/{HOME}/serviceAccounts/members@{HOME}.iam.gserviceaccount.com"
_PLACE = f"projects/{HOME}/locations/{REGION}"
_BUILD = {"runtime": "python312", "entryPoint": "guard"}
_STORED = {"storageSource": {"bucket": SOURCE, "object": "first.zip"}}
_KEYS: tuple[tuple[str, str, Any], ...] = (
    ("POST", f"/cloudkms/v1/projects/{HOME}/locations/{REGION}/keyRings?keyRingId=members", {}),
    ("POST", f"/cloudkms/v1/{_RING}/cryptoKeys?cryptoKeyId=members", {"purpose": "ENCRYPT_DECRYPT"}),
)
_FUNCTION = (
    "POST",
    f"/cloudfunctions/v2/{_PLACE}/functions?functionId=members",
    {
        "buildConfig": {**_BUILD, "source": _STORED},
        "serviceConfig": {"serviceAccountEmail": CALLER},
    },
)

MEMBERS = (
    _member("projects/iAMMember:IAMMember", {"project": HOME}, "roles/viewer", HOME),
    _member("folder/iAMMember:IAMMember", {"folder": FOLDER}, "roles/viewer", f"folders/{FOLDER}"),
    _member("organizations/iAMMember:IAMMember", {"orgId": ORGANIZATION}, "roles/viewer", ORGANIZATION),
    _member(
        "billing/accountIamMember:AccountIamMember",
        {"billingAccountId": ACCOUNT},
        "roles/billing.viewer",
        ACCOUNT,
    ),
    _member(
        "serviceaccount/iAMMember:IAMMember",
        {"serviceAccountId": _OF_ACCOUNT},
        "roles/iam.serviceAccountUser",
        _OF_ACCOUNT,
        ("POST", f"/iam/v1/projects/{HOME}/serviceAccounts", {"accountId": "members"}),
    ),
    _member(
        "kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
        {"cryptoKeyId": _KEY},
        "roles/cloudkms.cryptoKeyEncrypter",
        _KEY,
        *_KEYS,
    ),
    _member(
        "storage/bucketIAMMember:BucketIAMMember",
        {"bucket": SOURCE},
        "roles/storage.objectViewer",
        f"b/{SOURCE}",
    ),
    _member(
        "pubsub/topicIAMMember:TopicIAMMember",
        {"topic": "members"},
        "roles/pubsub.publisher",
        f"projects/{HOME}/topics/members",
        ("PUT", f"/pubsub/v1/projects/{HOME}/topics/members", {}),
    ),
    _member(
        "pubsub/subscriptionIAMMember:SubscriptionIAMMember",
        {"subscription": "members"},
        "roles/pubsub.subscriber",
        f"projects/{HOME}/subscriptions/members",
        ("PUT", f"/pubsub/v1/projects/{HOME}/topics/subscribed", {}),
        (
            "PUT",
            f"/pubsub/v1/projects/{HOME}/subscriptions/members",
            {"topic": f"projects/{HOME}/topics/subscribed"},
        ),
    ),
    _member(
        "cloudfunctionsv2/functionIamMember:FunctionIamMember",
        {"location": REGION, "cloudFunction": "members"},
        "roles/cloudfunctions.viewer",
        f"{_PLACE}/functions/members",
        _FUNCTION,
    ),
    _member(
        "cloudrunv2/serviceIamMember:ServiceIamMember",
        {"location": REGION, "name": "called"},
        "roles/run.invoker",
        f"{_PLACE}/services/called",
        (_FUNCTION[0], _FUNCTION[1].replace("members", "called"), _FUNCTION[2]),
    ),
)

ACCESS = (
    *MEMBERS,
    Life(
        type="serviceaccount/account:Account",
        inputs={"accountId": "parity-runner", "displayName": "Runner"},
        updates=(
            {"displayName": "Runs"},
            {"description": "What it is for"},
            {"disabled": True},
            {"disabled": False},
            {"description": None, "displayName": None},
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": None},
            {"accountId": "parity-other"},
        ),
        bad=(
            {"accountId": "a"},
            {"accountId": "Runner-One"},
            {"accountId": "9runner"},
            {"accountId": "runner-"},
            {"accountId": "a" * 31},
            {"accountId": ""},
            {"description": "x" * 257},
            {"displayName": "x" * 101},
            {"project": "none-such-project"},
            {"disabled": "perhaps"},
            {"email": "mine@example.com"},
            {"createIgnoreAlreadyExists": "many"},
        ),
    ),
    *(
        Life(
            type=kind,
            inputs={
                **owner,
                "roleId": "parityReader",
                "title": "Reader",
                "permissions": ["billing.budgets.get"] if "orgId" in owner else ["apikeys.keys.get"],
            },
            updates=(
                {"title": "Reads"},
                {"description": "What it is for"},
                {"permissions": ["resourcemanager.projects.get"]},
                {"stage": "BETA"},
                {"stage": "ALPHA"},
                {"stage": None, "description": None},
                {"deletionPolicy": "ABANDON"},
                {"deletionPolicy": None},
                {"roleId": "parityOther"},
            ),
            bad=(
                {"roleId": "a"},
                {"roleId": "with space"},
                {"roleId": "with-hyphen"},
                {"roleId": "x" * 65},
                {"stage": "FINAL"},
                {"stage": "ga"},
                {"permissions": []},
                {"permissions": ["none.such.permission"]},
                {"permissions": ["*"]},
                {"title": ""},
                {"title": "x" * 101},
                {"roleId": "parityReader", "permissions": "apikeys.keys.get"},
                {"name": "mine"},
            ),
        )
        for kind, owner in (
            ("organizations/iAMCustomRole:IAMCustomRole", {"orgId": ORGANIZATION}),
            ("projects/iAMCustomRole:IAMCustomRole", {"project": HOME}),
        )
    ),
    Life(
        type="iam/workloadIdentityPool:WorkloadIdentityPool",
        inputs={"workloadIdentityPoolId": "parity-pool", "displayName": "CI"},
        updates=(
            {"displayName": "CI and more"},
            {"description": "What it is for"},
            {"disabled": True},
            {"disabled": False, "description": None},
            {"displayName": None},
            {"inlineTrustConfig": {"additionalTrustBundles": []}},
            {"inlineTrustConfig": None},
            {"inlineCertificateIssuanceConfig": {"useDefaultSharedCa": True}},
            {"workloadIdentityPoolId": "parity-other"},
        ),
        bad=(
            {"workloadIdentityPoolId": "gcp-pool"},
            {"workloadIdentityPoolId": "Pool"},
            {"workloadIdentityPoolId": "abc"},
            {"workloadIdentityPoolId": "a" * 33},
            {"workloadIdentityPoolId": ""},
            {"workloadIdentityPoolId": "with space"},
            {"mode": "OTHER"},
            {"displayName": "x" * 33},
            {"description": "x" * 257},
            {"project": "none-such-project"},
            {"state": "ACTIVE"},
        ),
    ),
    Life(
        type="iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
        inputs={
            "workloadIdentityPoolId": "providers",
            "workloadIdentityPoolProviderId": "github",
            "attributeMapping": {
                "google.subject": "assertion.sub",
                "attribute.owner": "assertion.repository_owner",
            },
            "attributeCondition": 'assertion.repository_owner == "acme"',
            "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
        },
        updates=(
            {"displayName": "GitHub"},
            {"description": "What it is for"},
            {"disabled": True},
            {"disabled": None},
            {"attributeMapping": {"google.subject": "assertion.sub"}},
            {"attributeCondition": 'assertion.sub == "acme"'},
            {
                "oidc": {
                    "issuerUri": "https://token.actions.githubusercontent.com",
                    "allowedAudiences": ["https://example.com"],
                }
            },
            {"oidc": {"issuerUri": "https://gitlab.com"}},
            {"workloadIdentityPoolProviderId": "gitlab"},
        ),
        bad=(
            {"workloadIdentityPoolProviderId": "gcp-github"},
            {"workloadIdentityPoolProviderId": "a"},
            {"workloadIdentityPoolProviderId": "GitHub"},
            {"workloadIdentityPoolProviderId": "a" * 33},
            {"workloadIdentityPoolId": "none-such"},
            {"oidc": None},
            {"oidc": {}},
            {"oidc": {"issuerUri": "http://example.com"}},
            {"aws": {"accountId": "123456789012"}},
            {"saml": {"idpMetadataXml": "<x/>"}},
            {"attributeMapping": {"attribute.owner": "assertion.sub"}},
            {"attributeCondition": "assertion.sub =="},
        ),
        prepared=(
            (
                "POST",
                f"/iam/v1/projects/{HOME}/locations/global/workloadIdentityPools?workloadIdentityPoolId=providers",
                {},
            ),
        ),
    ),
    Life(
        type="orgpolicy/customConstraint:CustomConstraint",
        inputs={
            "parent": f"organizations/{ORGANIZATION}",
            "name": "custom.parityKeys",
            "displayName": "Keys",
            "actionType": "DENY",
            "condition": "resource.management.autoUpgrade == false",
            "methodTypes": ["CREATE", "UPDATE"],
            "resourceTypes": ["container.googleapis.com/NodePool"],
        },
        updates=(
            {"displayName": "Pools"},
            {"description": "What it is for"},
            {"condition": "resource.management.autoUpgrade == true"},
            {"actionType": "ALLOW"},
            {"methodTypes": ["CREATE"]},
            {"description": None},
            {"resourceTypes": ["container.googleapis.com/Cluster"]},
        ),
        bad=(
            {"actionType": "REFUSE"},
            {"actionType": ""},
            {"condition": ""},
            {"methodTypes": []},
            {"methodTypes": ["READ"]},
            {"resourceTypes": []},
            {"name": "parityKeys"},
            {"name": "custom.with-hyphen"},
            {"parent": "folders/987654321098"},
            {"parent": "organizations/1"},
            {"updateTime": "2026-01-01T00:00:00Z"},
        ),
    ),
    Life(
        type="orgpolicy/policy:Policy",
        inputs={
            "parent": f"projects/{HOME}",
            "name": f"projects/{HOME}/policies/iam.disableServiceAccountKeyCreation",
            "spec": {"rules": [{"enforce": "TRUE"}]},
        },
        updates=(
            {"spec": {"rules": [{"enforce": "FALSE"}]}},
            {"spec": {"rules": [{"enforce": "TRUE"}], "inheritFromParent": False}},
            {"dryRunSpec": {"rules": [{"enforce": "TRUE"}]}},
            {"dryRunSpec": None},
            {"spec": {"reset": True}},
            {
                "name": f"projects/{HOME}/policies/iam.allowedPolicyMemberDomains",
                "spec": {"rules": [{"values": {"allowedValues": ["C01abc"]}}]},
            },
        ),
        bad=(
            {"name": "none.such"},
            {"name": f"projects/{HOME}/policies/none.such"},
            {"parent": "projects/none-such-project"},
            {"parent": ""},
            {"spec": {"rules": [{"enforce": "perhaps"}]}},
            {"spec": {"rules": [{"allowAll": "TRUE"}]}},
            {"spec": {"rules": "all"}},
            {"spec": {"rules": [{"values": {"allowedValues": ["a"]}}]}},
            {"spec": {"reset": True, "rules": [{"enforce": "TRUE"}]}},
            {"spec": {"etag": "mine"}},
            {"etag": "mine"},
        ),
    ),
    Life(
        type="tags/tagBinding:TagBinding",
        inputs={"parent": "//cloudresourcemanager.googleapis.com/projects/$number", "tagValue": "$prod"},
        updates=({"deletionPolicy": "PREVENT"}, {"deletionPolicy": None}, {"tagValue": "$test"}),
        bad=(
            {"tagValue": "tagValues/404"},
            {"tagValue": "env/prod"},
            {"tagValue": ""},
            {"parent": f"projects/{HOME}"},
            {"parent": "//cloudresourcemanager.googleapis.com/projects/1"},
            {"parent": ""},
            {"parent": "//compute.googleapis.com/projects/1"},
            {"tagValue": f"{ORGANIZATION}/env/prod"},
            {"name": "mine"},
            {"tags": ["$prod"]},
        ),
    ),
)
