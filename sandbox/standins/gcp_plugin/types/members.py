"""Members of the policies of projects, folders, organizations, billing and service accounts, buckets and KMS keys."""

import re
from collections.abc import Mapping

from typing_extensions import Unpack, override

from sandbox.standins.gcp_plugin.google import Json
from sandbox.standins.gcp_plugin.lifecycle import Context, filled
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import Call, Resource, Traits, Value, last_segment, same_name, text
from sandbox.standins.gcp_plugin.types.iam_member import IMPORTED, MEMBER_FIELDS, MemberLifecycle
from sandbox.standins.gcp_plugin.types.project import GO_CLIENT

_ASKED: Json = {"options": {"requestedPolicyVersion": 3}}
_IN_QUERY = {**GO_CLIENT, "options.requestedPolicyVersion": "3"}
_DOMAIN = r"(?:(?:[-a-z0-9]{1,63}\.)*(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?):)?"
_PROJECT = r"(?:[0-9]{1,19}|(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)"
_ACCOUNT = re.compile(
    rf"projects/{_DOMAIN}{_PROJECT}|-)/serviceAccounts/({_DOMAIN}{_PROJECT})@[a-z]+.gserviceaccount.com$"
    r"|[0-9]{1,20}-compute@developer.gserviceaccount.com"
    r"|[a-z]([-a-z0-9]{4,28}[a-z0-9])?@[-a-z0-9\.]{1,63}\.iam\.gserviceaccount\.com$)"
)
"""As in the official plugin: ServiceAccountLinkRegex of terraform-provider-google."""


def _account_problem(value: Value) -> str | None:
    if _ACCOUNT.search(value):
        return None
    pattern = _ACCOUNT.pattern.replace("\\", "\\\\")
    return f'"{{name}}" ("{value}") doesn\'t match regexp "{pattern}"'


def _resource(
    urn_type: str,
    service: str,
    owner: str,
    calls: tuple[Call, Call],
    *,
    deleted_first: bool = False,
    **traits: Unpack[Traits],
) -> Resource:
    """A type of members; `owner` is the property that names what has the policy, `calls` read and write that."""
    named: Traits = {"required": True, "replaces": True, "sent": False, "read": False, **traits}
    return Resource(
        urn_type=urn_type,
        service=service,
        title="IAM member",
        long_title="IAM member",
        fields={owner: text(**named), **MEMBER_FIELDS},
        id=f"{{{owner}}}/{{role}}/{{member}}",
        import_ids=(rf"(?P<{owner}>\S+) {IMPORTED}",),
        read=calls[0],
        create=calls[1],
        deleted_first=deleted_first,
        timeouts_min={"create": 20} if service == "storage" else {},
    )


def _posted(path: str, query: Mapping[str, str] = GO_CLIENT, read: str = "POST") -> tuple[Call, Call]:
    return Call(read, f"{path}:getIamPolicy", query), Call("POST", f"{path}:setIamPolicy", GO_CLIENT)


class _Member(MemberLifecycle):
    """A member of a policy that Google's own client reads and writes."""

    def __init__(
        self, resource: Resource, described: str, asked: Json | None = None, *, masked: bool = False
    ) -> None:
        """`asked` is the body of the read; `masked`, whether the write has a mask."""
        super().__init__(resource)
        self._described, self._asked = described, asked
        self._mask: Json = {"updateMask": "bindings,etag,auditConfigs"} if masked else {}

    def named(self, properties: Properties) -> Properties:
        """With the name of what has the policy as ids and paths have it."""
        return properties

    @override
    def id(self, properties: Mapping[str, Value]) -> str:
        return super().id(self.named(dict(properties)))

    @override
    def identity(self, context: Context, resource_id: str) -> Properties | None:
        found = super().identity(context, resource_id)
        return None if found is None else self.named(found)

    @override
    def described(self, properties: Properties) -> str:
        return filled(self._described, self.named(properties))

    @override
    async def policy(self, context: Context, properties: Properties) -> Json:
        return await self._call(context, self.resource.read, self.named(properties), self._asked)

    @override
    async def set_policy(self, context: Context, properties: Properties, policy: Json) -> None:
        body = {"policy": policy, **self._mask}
        await self._call(context, self.resource.create, self.named(properties), body)


class _FolderMember(_Member):
    """The program may name a folder by its number alone."""

    @override
    def named(self, properties: Properties) -> Properties:
        return {**properties, "folder": f"folders/{last_segment(properties['folder'])}"}


class _KeyMember(_Member):
    """The program may name a key as `PROJECT/LOCATION/RING/KEY`."""

    @override
    def named(self, properties: Properties) -> Properties:
        key = properties["cryptoKeyId"]
        parts = key.split("/")
        if len(parts) != 4:
            return properties
        kinds = ("projects", "locations", "keyRings", "cryptoKeys")
        full = "/".join(f"{kind}/{part}" for kind, part in zip(kinds, parts, strict=True))
        return {**properties, "cryptoKeyId": full}


class _BucketMember(_Member):
    """Cloud Storage takes the policy as the body itself."""

    @override
    def named(self, properties: Properties) -> Properties:
        return {**properties, "bucket": f"b/{last_segment(properties['bucket'])}"}

    @override
    def shown(self, properties: Properties) -> tuple[Properties, Properties]:
        return properties, self.named(properties)

    @override
    async def set_policy(self, context: Context, properties: Properties, policy: Json) -> None:
        # Without bindings there is no etag, either.
        body = (
            policy
            if "bindings" in policy
            else {name: value for name, value in policy.items() if name != "etag"}
        )
        await self._call(context, self.resource.create, self.named(properties), body)


LIFECYCLES = (
    _Member(
        _resource(
            "gcp:projects/iAMMember:IAMMember",
            "resourcemanager",
            "project",
            _posted("projects/{project}"),
            deleted_first=True,
        ),
        'project "{project}"',
        _ASKED,
        masked=True,
    ),
    _Member(
        _resource(
            "gcp:organizations/iAMMember:IAMMember",
            "resourcemanager",
            "orgId",
            _posted("organizations/{orgId}"),
        ),
        'organization "{orgId}"',
        _ASKED,
        masked=True,
    ),
    _FolderMember(
        _resource(
            "gcp:folder/iAMMember:IAMMember",
            "resourcemanager3",
            "folder",
            _posted("{folder}"),
        ),
        'folder "{folder}"',
        _ASKED,
        masked=True,
    ),
    _Member(
        _resource(
            "gcp:billing/accountIamMember:AccountIamMember",
            "cloudbilling",
            "billingAccountId",
            _posted("billingAccounts/{billingAccountId}", read="GET"),
        ),
        'billingAccount "{billingAccountId}"',
    ),
    _Member(
        _resource(
            "gcp:serviceaccount/iAMMember:IAMMember",
            "iam",
            "serviceAccountId",
            _posted("{serviceAccountId}", _IN_QUERY),
            check=_account_problem,
        ),
        "service account '{serviceAccountId}'",
    ),
    _KeyMember(
        _resource(
            "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
            "kms",
            "cryptoKeyId",
            _posted("{cryptoKeyId}", _IN_QUERY, read="GET"),
        ),
        'KMS CryptoKey "{cryptoKeyId}"',
    ),
    _BucketMember(
        _resource(
            "gcp:storage/bucketIAMMember:BucketIAMMember",
            "storage",
            "bucket",
            (
                Call("GET", "{bucket}/iam", {"optionsRequestedPolicyVersion": "3"}),
                Call("PUT", "{bucket}/iam"),
            ),
            same=same_name,
        ),
        'storage bucket "{bucket}"',
    ),
)
