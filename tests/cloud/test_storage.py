"""Cloud Storage: buckets and their policies, uploads of every kind, generations, and Google's own client."""

import json
from base64 import b64encode
from hashlib import md5
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from google.api_core.client_options import ClientOptions
from googleapiclient.discovery import build
from googleapiclient.http import MediaIoBaseUpload

from tests.cloud.local_cloud import CREDENTIALS, LocalCloud

B = "storage/v1/b"
READER = {"role": "roles/storage.objectViewer", "members": ["user:ann@example.com"]}


def bucket(cloud: LocalCloud, name: str, **settings: Any) -> dict[str, Any]:
    return cloud.call("storage", "POST", f"{B}?project=sandbox-seed", {"name": name, **settings})


def upload(cloud: LocalCloud, bucket: str, name: str, data: bytes, status: int = 200, **query: Any) -> Any:
    answer = cloud.request(
        "storage",
        "POST",
        f"upload/storage/v1/b/{bucket}/o",
        params={"uploadType": "media", "name": name, **query},
        data=data,
        headers={"Content-Type": "text/plain"},
    )
    assert answer.status_code == status, answer.text
    return answer.json()


def read(cloud: LocalCloud, bucket: str, name: str, **query: Any) -> bytes:
    answer = cloud.request(
        "storage", "GET", f"{B}/{bucket}/o/{quote(name, safe='')}", params={"alt": "media", **query}
    )
    assert answer.status_code == 200, answer.text
    return answer.content


def test_a_buckets_settings(cloud: LocalCloud) -> None:
    made = bucket(
        cloud,
        "settings-1",
        location="europe-west4",
        versioning={"enabled": True},
        iamConfiguration={
            "uniformBucketLevelAccess": {"enabled": True},
            "publicAccessPrevention": "enforced",
        },
        lifecycle={"rule": [{"action": {"type": "Delete"}, "condition": {"numNewerVersions": 30}}]},
        labels={"team": "gemini", "stage": "prod"},
        retentionPolicy={"retentionPeriod": "60"},
    )
    assert (made["location"], made["locationType"], made["storageClass"]) == (
        "EUROPE-WEST4",
        "region",
        "STANDARD",
    )
    assert made["iamConfiguration"]["bucketPolicyOnly"]["enabled"]
    error = bucket_error(cloud, {"name": "settings-1"}, 409)
    assert error["errors"][0]["reason"] == "conflict"

    path = f"{B}/settings-1"
    # A patch takes away what is null, also one label of several, and leaves what it does not name.
    changed = cloud.call("storage", "PATCH", path, {"labels": {"stage": None}, "lifecycle": None})
    assert changed["labels"] == {"team": "gemini"}
    assert "lifecycle" not in changed
    assert changed["versioning"] == {"enabled": True}
    assert changed["metageneration"] == "2"
    cloud.call("storage", "PATCH", path, {"labels": {}}, status=412, ifMetagenerationMatch=1)
    locked = cloud.call("storage", "POST", f"{path}/lockRetentionPolicy", ifMetagenerationMatch=2)
    assert locked["retentionPolicy"]["isLocked"]
    cloud.call("storage", "PATCH", path, {"retentionPolicy": None}, status=403)
    replaced = cloud.call("storage", "PUT", path, {"retentionPolicy": {"retentionPeriod": "90"}})
    assert "versioning" not in replaced
    names = cloud.call("storage", "GET", f"{B}?project=sandbox-seed", prefix="settings-")["items"]
    assert [each["name"] for each in names] == ["settings-1"]
    assert cloud.request("storage", "DELETE", path).status_code == 204
    error = cloud.call("storage", "GET", path, status=404)["error"]
    assert error["errors"][0]["reason"] == "notFound"


def bucket_error(cloud: LocalCloud, body: Any, status: int, project: str = "sandbox-seed") -> dict[str, Any]:
    error: dict[str, Any] = cloud.call("storage", "POST", f"{B}?project={project}", body, status=status)[
        "error"
    ]
    return error


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Up"},
        {"name": "ab"},
        {"name": "a..b"},
        {"name": "10.0.0.1"},
        {"name": "goog-x"},
        {"name": "x" * 64},
        {"name": "ok-name", "location": "moon"},
        {"name": "ok-name", "storageClass": "CHEAP"},
        {"name": "ok-name", "iamConfiguration": {"publicAccessPrevention": "perhaps"}},
    ],
)
def test_a_bad_bucket_is_refused(cloud: LocalCloud, body: dict[str, Any]) -> None:
    assert bucket_error(cloud, body, 400)["errors"][0]["reason"] == "invalid"


def test_a_project_without_billing_has_no_bucket(cloud: LocalCloud) -> None:
    cloud.create_project("gem-unpaid")
    error = bucket_error(cloud, {"name": "unpaid-1"}, 403, "gem-unpaid")
    assert error["message"] == "The billing account for the owning project is disabled in state absent"


def test_a_buckets_policy(cloud: LocalCloud) -> None:
    access = {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"}
    bucket(cloud, "policy-1", iamConfiguration=access)
    path = f"{B}/policy-1/iam"
    policy = cloud.call("storage", "GET", path)
    assert policy["resourceId"] == "projects/_/buckets/policy-1"
    assert {binding["role"] for binding in policy["bindings"]} == {
        "roles/storage.legacyBucketOwner",
        "roles/storage.legacyBucketReader",
        "roles/storage.legacyObjectOwner",
        "roles/storage.legacyObjectReader",
    }
    wanted = {**policy, "bindings": [*policy["bindings"], READER]}
    held = cloud.call("storage", "PUT", path, wanted)
    assert READER in held["bindings"]
    cloud.call("storage", "PUT", path, wanted, status=409)  # the etag is of the policy before
    public = {"bindings": [{**READER, "members": ["allUsers"]}]}
    cloud.call("storage", "PUT", path, public, status=412)
    answer = cloud.request(
        "storage", "GET", f"{path}/testPermissions", params={"permissions": "storage.objects.get"}
    )
    assert answer.json()["permissions"] == ["storage.objects.get"]


def test_generations_and_preconditions(cloud: LocalCloud) -> None:
    bucket(cloud, "versions-1", versioning={"enabled": True})
    first = upload(cloud, "versions-1", "state/a.json", b"one", ifGenerationMatch=0)
    assert first["md5Hash"] == b64encode(md5(b"one", usedforsecurity=False).digest()).decode()
    upload(cloud, "versions-1", "state/a.json", b"two", status=412, ifGenerationMatch=0)
    second = upload(cloud, "versions-1", "state/a.json", b"two", ifGenerationMatch=first["generation"])
    assert int(second["generation"]) > int(first["generation"])
    assert read(cloud, "versions-1", "state/a.json") == b"two"
    assert read(cloud, "versions-1", "state/a.json", generation=first["generation"]) == b"one"
    path = f"{B}/versions-1/o/state%2Fa.json"
    unchanged = cloud.request("storage", "GET", path, params={"ifGenerationNotMatch": second["generation"]})
    assert unchanged.status_code == 304

    patched = cloud.call("storage", "PATCH", path, {"metadata": {"by": "me"}})
    assert (patched["metageneration"], patched["metadata"]) == ("2", {"by": "me"})
    assert cloud.request("storage", "DELETE", path).status_code == 204
    cloud.call("storage", "GET", path, status=404)
    kept = cloud.call("storage", "GET", f"{B}/versions-1/o", versions=True)["items"]
    assert [item["generation"] for item in kept] == [first["generation"], second["generation"]]
    assert all(item["timeDeleted"] for item in kept)
    # What is kept keeps the bucket.
    cloud.call("storage", "DELETE", f"{B}/versions-1", status=409)
    for item in kept:
        gone = cloud.request("storage", "DELETE", path, params={"generation": item["generation"]})
        assert gone.status_code == 204
    assert cloud.request("storage", "DELETE", f"{B}/versions-1").status_code == 204


def test_a_generation_is_never_given_twice_while_the_clock_stands(cloud: LocalCloud) -> None:
    bucket(cloud, "standing-1")
    cloud.local("PUT", "clock", {"hold": True})
    path = f"{B}/standing-1/o/state.json"
    generations = []
    for _ in range(3):
        generations.append(
            int(upload(cloud, "standing-1", "state.json", b"x", ifGenerationMatch=0)["generation"])
        )
        assert cloud.request("storage", "DELETE", path).status_code == 204
    assert generations == sorted(set(generations))
    # What had one of them is not what has another, be it as like.
    upload(cloud, "standing-1", "state.json", b"x")
    upload(cloud, "standing-1", "state.json", b"x", status=412, ifGenerationMatch=generations[-1])
    upload(cloud, "standing-1", "state.json", b"x", status=412, ifMetagenerationMatch=2)
    cloud.local("PUT", "clock", {"flow": True})


def test_listing_copying_and_composing(cloud: LocalCloud) -> None:
    bucket(cloud, "tree-1")
    for name in ("a/1", "a/2", "b/deep/1", "c"):
        upload(cloud, "tree-1", name, name.encode())
    path = f"{B}/tree-1/o"
    top = cloud.call("storage", "GET", path, delimiter="/")
    assert (top["prefixes"], [item["name"] for item in top["items"]]) == (["a/", "b/"], ["c"])
    below = cloud.call("storage", "GET", path, delimiter="/", prefix="b/")
    assert below["prefixes"] == ["b/deep/"]
    page = cloud.call("storage", "GET", path, maxResults=3)
    assert len(page["items"]) == 3
    rest = cloud.call("storage", "GET", path, maxResults=3, pageToken=page["nextPageToken"])
    assert [item["name"] for item in rest["items"]] == ["c"]
    assert "nextPageToken" not in rest

    done = cloud.call("storage", "POST", f"{path}/c/rewriteTo/b/tree-1/o/d%2Fe", {})
    assert (done["done"], done["resource"]["contentType"]) == (True, "text/plain")
    assert read(cloud, "tree-1", "d/e") == b"c"
    parts = {"sourceObjects": [{"name": "a/1"}, {"name": "c"}], "destination": {"contentType": "text/css"}}
    cloud.call("storage", "POST", f"{path}/all/compose", parts)
    assert read(cloud, "tree-1", "all") == b"a/1c"
    # An object of a bucket without versions is gone with its deletion.
    cloud.request("storage", "DELETE", f"{path}/all")
    cloud.call("storage", "GET", f"{path}/all", status=404)


def test_uploads_in_two_parts_and_piece_by_piece(cloud: LocalCloud) -> None:
    bucket(cloud, "uploads-1")
    path = "upload/storage/v1/b/uploads-1/o"
    data = b"\x00\r\n--x--\xff" * 3
    metadata = json.dumps({"name": "two", "md5Hash": b64encode(md5(data).digest()).decode()})  # noqa: S324 a checksum of the API
    body = b"".join(
        (
            b"--limit\r\nContent-Type: application/json\r\n\r\n" + metadata.encode(),
            b"\r\n--limit\r\nContent-Type: image/png\r\n\r\n" + data + b"\r\n--limit--",
        )
    )
    kind = {"Content-Type": "multipart/related; boundary='limit'"}
    query = {"uploadType": "multipart"}
    made = cloud.request("storage", "POST", path, params=query, data=body, headers=kind).json()
    assert (made["name"], made["contentType"], made["size"]) == ("two", "image/png", str(len(data)))
    assert read(cloud, "uploads-1", "two") == data
    wrong = body.replace(b"\xff", b"\xfe")
    assert cloud.request("storage", "POST", path, params=query, data=wrong, headers=kind).status_code == 400

    begun = cloud.request(
        "storage", "POST", path, params={"uploadType": "resumable"}, json={"name": "pieces"}
    )
    session = begun.headers["Location"].removeprefix(cloud.url("storage") + "/")
    first = cloud.request("storage", "PUT", session, data=b"abc", headers={"Content-Range": "bytes 0-2/*"})
    assert (first.status_code, first.headers["Range"]) == (308, "bytes=0-2")
    go = {"Content-Range": "bytes */*", "X-GUploader-No-308": "yes"}
    asked = cloud.request("storage", "POST", session, headers=go)
    assert (asked.status_code, asked.headers["X-Http-Status-Code-Override"]) == (200, "308")
    last = cloud.request("storage", "PUT", session, data=b"de", headers={"Content-Range": "bytes 3-4/5"})
    assert last.json()["size"] == "5"
    assert read(cloud, "uploads-1", "pieces") == b"abcde"


def test_data_by_range_and_without_a_token(cloud: LocalCloud) -> None:
    bucket(cloud, "reads-1")
    upload(cloud, "reads-1", "a/b c", b"0123456789")
    part = cloud.request("storage", "GET", "reads-1/a/b%20c", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["Content-Range"] == "bytes 2-4/10"
    assert (
        cloud.request("storage", "GET", "reads-1/a%2Fb%20c", headers={"Range": "bytes=-3"}).content == b"789"
    )
    no_range = {"Range": f"bytes={'9' * 5000}-"}
    assert cloud.request("storage", "GET", "reads-1/a%2Fb%20c", headers=no_range).content == b"0123456789"
    beyond = cloud.request("storage", "GET", "reads-1/a/b%20c", headers={"Range": "bytes=10-"})
    assert beyond.status_code == 416
    missing = cloud.request("storage", "GET", "reads-1/none")
    assert (missing.status_code, b"NoSuchKey" in missing.content) == (404, True)
    # Clients of STORAGE_EMULATOR_HOST send no token; a page can send no header that names a client.
    bare = {"Authorization": ""}
    assert (
        cloud.request("storage", "GET", B, params={"project": "sandbox-seed"}, headers=bare).status_code
        == 401
    )
    named = {**bare, "X-Goog-Api-Client": "gl-go/1.25 gccl/1.64"}
    assert cloud.request("storage", "GET", f"{B}/reads-1", headers=named).status_code == 200


def test_google_api_python_client_uploads_and_reads(cloud: LocalCloud) -> None:
    client = build(
        "storage",
        "v1",
        credentials=CREDENTIALS,
        client_options=ClientOptions(api_endpoint=f"{cloud.url('storage')}/storage/v1/"),
        static_discovery=True,
    )
    client.buckets().insert(project="sandbox-seed", body={"name": "client-1"}).execute()
    media = MediaIoBaseUpload(BytesIO(b"x" * 300_000), "text/plain", chunksize=256 * 1024, resumable=True)
    insert = client.objects().insert(bucket="client-1", name="big", media_body=media)
    # The client knows the address of uploads from the document alone, and takes no other.
    insert.uri = insert.uri.replace("https://", "http://").replace(
        "http://storage.googleapis.com", cloud.url("storage")
    )
    assert insert.execute()["size"] == "300000"
    assert client.objects().get_media(bucket="client-1", object="big").execute() == b"x" * 300_000
