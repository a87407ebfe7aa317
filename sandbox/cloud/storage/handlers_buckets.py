"""Buckets, method by method."""

from dataclasses import replace

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import iam, paging
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.service import Call, Media
from sandbox.cloud.core.store import Store
from sandbox.cloud.orgpolicy import enforcement as orgpolicy
from sandbox.cloud.serviceusage import identities
from sandbox.cloud.storage import buckets
from sandbox.cloud.storage.errors import StorageError, condition_not_met
from sandbox.cloud.storage.methods import handlers

_LARGEST_PAGE = 1000
_NOTHING = Media(status=204)


def _linked(call: Call, bucket: JsonObject) -> JsonObject:
    return {**bucket, "selfLink": f"{call.http.base}/storage/v1/b/{bucket['name']}"}


def _bucket(call: Call) -> JsonObject:
    """The bucket, if its metageneration is as the call expects it."""
    bucket = buckets.require(call.store, call.ids[0])
    metageneration = bucket["metageneration"]
    if call.query.get("ifMetagenerationMatch", metageneration) != metageneration:
        raise condition_not_met()
    if call.query.get("ifMetagenerationNotMatch") == metageneration:
        raise condition_not_met()
    return bucket


def forget_project(store: Store, number: str) -> None:
    """A project in deletion loses its buckets."""
    for bucket in buckets.of_project(store, number, ""):
        buckets.forget(store, bucket["name"])


@handlers("storage.buckets.insert")
def insert(call: Call) -> JsonObject:
    """Create a bucket; the project's owners, editors and viewers get the roles that Google gives them."""
    project = projects.require_active(call.store, call.query.get("project", ""))
    location = call.body.get("location", "US").upper()
    if not orgpolicy.is_location_allowed(call.store, project.number, location):
        raise StorageError(
            412, "conditionNotMet", f"'{location}' violates constraint 'constraints/gcp.resourceLocations'"
        )
    bucket = buckets.create(call.store, call.now, project, call.body)
    uniform = bucket["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"]
    bindings = [
        (kind + role, [f"project{member}:{project.project_id}" for member in members])
        for kind in ("Bucket", *(("Object",) if uniform else ()))
        for role, members in (("Owner", ("Editor", "Owner")), ("Reader", ("Viewer",)))
    ]
    policy = {
        "bindings": [
            {"role": f"roles/storage.legacy{role}", "members": members} for role, members in bindings
        ]
    }
    iam.set_policy(call.store, buckets.policy_name(bucket), policy)
    return _linked(call, bucket)


@handlers("storage.buckets.get")
def get(call: Call) -> JsonObject:
    """A bucket."""
    return _linked(call, _bucket(call))


@handlers("storage.buckets.getStorageLayout")
def layout(call: Call) -> JsonObject:
    """The part of a bucket that who may only list its objects sees; gcloud asks for it before it deletes."""
    bucket = _bucket(call)
    shown = {"bucket": bucket["name"], "location": bucket["location"], "locationType": bucket["locationType"]}
    return {"kind": "storage#storageLayout", **shown}


@handlers("storage.managedFolders.list")
def managed_folders(call: Call) -> JsonObject:
    """The managed folders of a bucket: none, since nothing here makes one; gcloud asks before it deletes."""
    _bucket(call)
    return {"kind": "storage#managedFolders"}


@handlers("storage.anywhereCaches.list")
def anywhere_caches(call: Call) -> JsonObject:
    """The caches of a bucket: none, since nothing here makes one; Terraform's provider asks before it deletes."""
    _bucket(call)
    return {"kind": "storage#anywhereCaches"}


@handlers("storage.buckets.list")
def list_(call: Call) -> JsonObject:
    """The buckets of a project."""
    project = projects.require_active(call.store, call.query.get("project", ""))
    found = buckets.of_project(call.store, project.number, call.query.get("prefix", ""))
    asked = {"pageSize": call.query.get("maxResults", 0), "pageToken": call.query.get("pageToken", "")}
    page, token = paging.requested(asked, _LARGEST_PAGE, _LARGEST_PAGE).cut(found, lambda each: each["name"])
    return {
        "kind": "storage#buckets",
        **({"items": [_linked(call, each) for each in page]} if page else {}),
        **token,
    }


@handlers("storage.buckets.patch")
def patch(call: Call) -> JsonObject:
    """Change some settings of a bucket; what is null is taken away."""
    bucket = _bucket(call)
    settings = buckets.patched(bucket, call)
    return _linked(call, buckets.change(call.store, call.now, bucket, settings))


@handlers("storage.buckets.update")
def update(call: Call) -> JsonObject:
    """Replace all settings of a bucket."""
    return _linked(call, buckets.change(call.store, call.now, _bucket(call), call.body))


@handlers("storage.buckets.lockRetentionPolicy")
def lock(call: Call) -> JsonObject:
    """Lock a bucket's retention policy."""
    return _linked(call, buckets.lock_retention(call.store, call.now, _bucket(call)))


@handlers("storage.buckets.delete")
def delete(call: Call) -> Media:
    """Delete an empty bucket."""
    buckets.delete(call.store, str(_bucket(call)["name"]))
    return _NOTHING


@handlers("storage.buckets.getIamPolicy")
def get_policy(call: Call) -> JsonObject:
    """The policy of a bucket."""
    bucket = _bucket(call)
    version = call.query.get("optionsRequestedPolicyVersion", 0)
    return _policy(bucket, iam.get_policy(call.store, buckets.policy_name(bucket), version))


@handlers("storage.buckets.setIamPolicy")
def set_policy(call: Call) -> JsonObject:
    """Replace the policy of a bucket."""
    bucket = _bucket(call)
    members = [member for binding in call.body.get("bindings", []) for member in binding.get("members", [])]
    access = bucket["iamConfiguration"]
    if access["publicAccessPrevention"] == "enforced" and {"allUsers", "allAuthenticatedUsers"} & set(
        members
    ):
        raise StorageError(
            412,
            "conditionNotMet",
            "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention "
            "is enforced.",
        )
    if not access["uniformBucketLevelAccess"]["enabled"] and any(
        "condition" in binding for binding in call.body.get("bindings", [])
    ):
        raise StorageError(
            400,
            "invalid",
            "Conditional bindings are only supported on buckets with uniform bucket-level access enabled.",
        )
    given = {key: value for key, value in call.body.items() if key in ("version", "etag", "bindings")}
    changed = iam.set_policy(call.store, buckets.policy_name(bucket), given, when=call.when)
    return _policy(bucket, changed)


@handlers("storage.buckets.testIamPermissions")
def test_permissions(call: Call) -> JsonObject:
    """The permissions among the given ones that the caller has."""
    asked = replace(call, body=call.query)
    held = iam.permissions_held(asked, buckets.policy_name(_bucket(call)), "storage.")
    return {"kind": "storage#testIamPermissionsResponse", **held}


@handlers("storage.projects.serviceAccount.get")
def service_account(call: Call) -> JsonObject:
    """The service account by which Cloud Storage uses a project's KMS keys and topics."""
    number = projects.require_active(call.store, call.ids[0]).number
    address = identities.address(identities.STORAGE, number)
    return {"kind": "storage#serviceAccount", "email_address": address}


def _policy(bucket: JsonObject, policy: JsonObject) -> JsonObject:
    return {"kind": "storage#policy", "resourceId": f"projects/_/buckets/{bucket['name']}", **policy}
