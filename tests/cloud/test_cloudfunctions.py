"""Functions: deployed from an archive, run in processes of their own, called by who may, and ended with the server."""

import io
import os
import select
import signal
import threading
import zipfile
from pathlib import Path
from typing import Any

import google.auth.transport.requests
import pytest
import requests
from google.oauth2 import id_token

from sandbox.cloud.cloudfunctions import sources
from sandbox.cloud.cloudfunctions.processes import build as build_of
from sandbox.cloud.cloudfunctions.processes.build import BuildError
from sandbox.cloud.core.errors import CloudError
from tests.cloud.googles_client import check_policy, client
from tests.cloud.local_cloud import ACCOUNT, LocalCloud

PROJECT = "gem-functions"
PARENT = f"v2/projects/{PROJECT}/locations/us-central1"
FUNCTIONS = f"{PARENT}/functions"
MAIN = """
import json, os, sys, time
import functions_framework
import google.auth
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import id_token

print("loaded", os.environ["WORD"])


@functions_framework.http
def answer(request):
    what = request.path.strip("/")
    if what == "write":
        credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
        storage = os.environ["GOOGLE_STORAGE_CUSTOM_ENDPOINT"].replace("/storage/", "/upload/storage/")
        url = storage + "b/" + request.args["bucket"] + "/o?uploadType=media&name=written"
        sent = AuthorizedSession(credentials).post(url, data=b"by me", headers={"Content-Type": "text/plain"})
        return {"status": sent.status_code, "text": sent.text[:300], "project": project}
    if what == "identity":
        return id_token.fetch_id_token(Request(), "https://x.example")
    if what == "fail":
        return "no", 500
    if what == "slow":
        time.sleep(30)
    if what == "die":
        os._exit(3)
    if what == "large":
        return b"x" * (32 * 1024 * 1024 + 1)
    print(json.dumps({"severity": "NOTICE", "message": "key AIza" + "x" * 35}))
    return {
        "word": os.environ["WORD"],
        "pid": os.getpid(),
        "path": request.full_path,
        "method": request.method,
        "authorization": request.headers.get("Authorization", ""),
        "body": request.get_data(as_text=True),
        "foreign": sorted(name for name in ("pulumi", "sandbox") if name in sys.modules),
        "environment": sorted(os.environ),
    }
"""


@pytest.fixture(scope="module", autouse=True)
def _project(cloud: LocalCloud) -> None:
    cloud.create_project(PROJECT, account=ACCOUNT)
    for api in ("cloudfunctions", "run", "cloudbuild", "artifactregistry", "cloudscheduler", "pubsub", "iam"):
        path = f"v1/projects/{PROJECT}/services/{api}.googleapis.com:enable"
        cloud.call("serviceusage", "POST", path, {})
    for account in ("runner", "caller"):
        cloud.call("iam", "POST", f"v1/projects/{PROJECT}/serviceAccounts", {"accountId": account})
    for bucket in ("h3-sources", "h3-written"):
        cloud.call("storage", "POST", f"storage/v1/b?project={PROJECT}", {"name": bucket})


def email(account: str) -> str:
    return f"{account}@{PROJECT}.iam.gserviceaccount.com"


def archive(**files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for name, text in files.items():
            opened.writestr(name.replace("__", "."), text)
    return content.getvalue()


def settings(cloud: LocalCloud, data: bytes, *, entry: str = "answer", **service: Any) -> dict[str, Any]:
    """A function's settings, with its source in a bucket."""
    uploaded = cloud.request(
        "storage",
        "POST",
        "upload/storage/v1/b/h3-sources/o",
        params={"uploadType": "media", "name": "source.zip"},
        data=data,
        headers={"Content-Type": "application/zip"},
    ).json()
    source = {"bucket": "h3-sources", "object": "source.zip", "generation": uploaded["generation"]}
    return {
        "buildConfig": {"runtime": "python312", "entryPoint": entry, "source": {"storageSource": source}},
        "serviceConfig": {
            "serviceAccountEmail": email("runner"),
            "environmentVariables": {"WORD": "first"},
            **service,
        },
    }


def ended(cloud: LocalCloud, operation: dict[str, Any]) -> dict[str, Any]:
    """The operation when it is done; a build or a process ends it, and this waits for that."""
    while not operation.get("done"):
        operation = cloud.call("cloudfunctions", "GET", f"v2/{operation['name']}")
    return operation


def deploy(cloud: LocalCloud, name: str, data: bytes = b"", **service: Any) -> dict[str, Any]:
    data = data or archive(main__py=MAIN, requirements__txt="functions-framework\ngoogle-auth\nrequests\n")
    body = settings(cloud, data, **service)
    operation = ended(cloud, cloud.call("cloudfunctions", "POST", FUNCTIONS, body, functionId=name))
    assert "error" not in operation, operation["error"]["message"]
    return cloud.call("cloudfunctions", "GET", f"{FUNCTIONS}/{name}")


def invoker(cloud: LocalCloud, name: str, *members: str) -> None:
    """Who may call a function, by the policy of its service."""
    path = f"v2/projects/{PROJECT}/locations/us-central1/services/{name}:setIamPolicy"
    bindings = [{"role": "roles/run.invoker", "members": list(members)}]
    cloud.call("run", "POST", path, {"policy": {"bindings": bindings}})


def token(cloud: LocalCloud, account: str, audience: str) -> str:
    """An ID token, from the Service Account Credentials API."""
    cloud.call(
        "serviceusage", "POST", f"v1/projects/{PROJECT}/services/iamcredentials.googleapis.com:enable", {}
    )
    body = {"audience": audience, "includeEmail": True}
    path = f"v1/projects/-/serviceAccounts/{email(account)}:generateIdToken"
    return str(cloud.call("iamcredentials", "POST", path, body)["token"])


def ask(url: str, bearer: str = "", **arguments: Any) -> Any:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return requests.request(arguments.pop("method", "GET"), url, headers=headers, timeout=20, **arguments)


def ends(pid: int) -> bool:
    """Whether a process is gone, or goes within half a minute: a function's may still end what it has begun."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        # Not `select`, which takes no descriptor above 1,023.
        waiting = select.poll()
        waiting.register(process, select.POLLIN)
        return bool(waiting.poll(30_000))
    finally:
        os.close(process)


def logged(cloud: LocalCloud, name: str) -> str:
    lines = cloud.local("GET", f"functions/{name}/logs")["lines"]
    return "\n".join(line["text"] for line in lines)


def test_a_function_answers_who_may_call_it_and_acts_as_its_own_account(cloud: LocalCloud) -> None:
    made = deploy(cloud, "first")
    url = made["serviceConfig"]["uri"]
    assert (made["state"], made["url"], made["environment"]) == ("ACTIVE", url, "GEN_2")
    assert made["serviceConfig"]["service"].endswith("/services/first")

    # 403 without a token, 401 with a wrong one, 403 without the permission.
    assert ask(url).status_code == 403
    assert ask(url, "operator").status_code == 401
    bearer = token(cloud, "caller", url)
    assert ask(url, bearer).status_code == 403
    invoker(cloud, "first", f"serviceAccount:{email('caller')}")
    assert ask(url, token(cloud, "caller", f"{url}/message")).status_code == 401
    assert ask(url, bearer[:-4]).status_code == 401
    answered = ask(f"{url}/a/b?c=d", bearer, method="POST", data="text")
    said = answered.json()
    assert (said["path"], said["method"], said["body"], said["word"]) == ("/a/b?c=d", "POST", "text", "first")
    assert said["authorization"].endswith(".SIGNATURE_REMOVED_BY_GOOGLE")
    assert said["foreign"] == []
    assert {"K_SERVICE", "FUNCTION_TARGET", "GOOGLE_PUBSUB_CUSTOM_ENDPOINT"} <= set(said["environment"])
    assert "GOOGLE_OAUTH_ACCESS_TOKEN" not in said["environment"]
    assert "loaded first" in logged(cloud, "first")
    assert "AIza" not in logged(cloud, "first")

    # What it does at Google's APIs it does as its account, by IAM.
    written = ask(f"{url}/write?bucket=h3-written", bearer).json()
    assert (written["status"], written["project"]) == (403, PROJECT)
    assert email("runner") in written["text"]
    policy = cloud.call("storage", "GET", "storage/v1/b/h3-written/iam")
    reader = {"role": "roles/storage.objectUser", "members": [f"serviceAccount:{email('runner')}"]}
    cloud.call("storage", "PUT", "storage/v1/b/h3-written/iam", {"bindings": [*policy["bindings"], reader]})
    assert ask(f"{url}/write?bucket=h3-written", bearer).json()["status"] == 200

    # Google's library verifies the identity that its metadata server gives it.
    verify: Any = id_token.verify_token
    certificates = f"{cloud.main}/oauth2/v1/certs"
    given = ask(f"{url}/identity", bearer).text
    request = google.auth.transport.requests.Request()
    assert verify(given, request, audience="https://x.example", certs_url=certificates)["email"] == email(
        "runner"
    )

    # Its process goes with it.
    invoker(cloud, "first", "allUsers")
    assert ask(url).json()["pid"] == said["pid"]
    ended(cloud, cloud.call("cloudfunctions", "DELETE", f"{FUNCTIONS}/first"))
    assert ends(said["pid"])
    assert ask(url).status_code == 404
    cloud.call("cloudfunctions", "GET", f"{FUNCTIONS}/first", status=404)


@pytest.mark.parametrize(
    ("files", "says", "logs"),
    [
        ({"main__py": "import nothing_like_it\n"}, "Container Healthcheck failed", "nothing_like_it"),
        (
            {"main__py": "def other(request):\n    return ''\n"},
            "Container Healthcheck failed",
            "named 'answer'",
        ),
        ({"app__py": ""}, "Build failed", "missing main.py"),
        (
            {"main__py": "import yaml\n", "requirements__txt": "requests\n"},
            "Healthcheck",
            "requirements.txt brings none",
        ),
        ({"main__py": "", "requirements__txt": "???"}, "Build failed", "no requirement"),
        (
            {"main__py": "", "requirements__txt": "--no-index\nnothing-like-it==1"},
            "Build failed",
            "nothing-like-it",
        ),
    ],
)
def test_what_cannot_be_deployed_fails_as_at_google(
    cloud: LocalCloud, files: dict[str, str], says: str, logs: str
) -> None:
    body = settings(cloud, archive(**files))
    operation = ended(cloud, cloud.call("cloudfunctions", "POST", FUNCTIONS, body, functionId="broken"))
    assert operation["error"]["code"] == 3
    assert says in operation["error"]["message"]
    assert logs in logged(cloud, "broken")
    assert cloud.call("cloudfunctions", "GET", f"{FUNCTIONS}/broken")["state"] == "FAILED"
    ended(cloud, cloud.call("cloudfunctions", "DELETE", f"{FUNCTIONS}/broken"))


def _changed(data: bytes, *changes: tuple[int, int]) -> bytes:
    """An archive with other bytes in its first entry of the directory (by offset, above 0), or at the beginning."""
    content = bytearray(data)
    directory = content.index(b"PK\x01\x02")
    for at, value in changes:
        content[directory + at if at > 0 else -at] = value
    return bytes(content)


@pytest.mark.parametrize(
    "data",
    [
        archive(main__py="", a="", **{"a/b": ""}),  # a file below a file
        archive(main__py="", **{"n" * 300: ""}),
        archive(main__py="", **{"/".join("d" * 3000): ""}),
        archive(main__py="", **{"requirements.txt/x": ""}),
        _changed(archive(main__py=""), (8, 1), (-6, 1)),  # encrypted
        _changed(archive(main__py=""), (10, 99), (-8, 99)),  # of no method
        _changed(archive(main__py=""), (6, 200)),  # of a later version
        _changed(archive(main__py="x" * 99), (-50, 0)),  # with another checksum
    ],
)
def test_an_archive_that_cannot_be_unpacked_says_so(data: bytes, tmp_path: Path) -> None:
    def built() -> None:
        sources.check(data)
        build_of.unpack(tmp_path / "revision", data)

    with pytest.raises((BuildError, CloudError)) as error:
        built()
    assert str(tmp_path) not in str(error.value)


def test_another_revision_takes_over_and_one_that_fails_does_not(cloud: LocalCloud) -> None:
    first = deploy(cloud, "revised")
    invoker(cloud, "revised", "allUsers")
    pid = ask(first["url"]).json()["pid"]
    path = f"{FUNCTIONS}/revised"
    change: dict[str, Any] = {"serviceConfig": {"environmentVariables": {"WORD": "second"}}}
    mask = "serviceConfig.environmentVariables"
    operation = ended(cloud, cloud.call("cloudfunctions", "PATCH", path, change, updateMask=mask))
    assert operation["response"]["serviceConfig"]["revision"].startswith("revised-00002-")
    assert ask(first["url"]).json()["word"] == "second"
    assert ends(pid)
    change = {"buildConfig": {"entryPoint": "nowhere"}}
    operation = ended(
        cloud, cloud.call("cloudfunctions", "PATCH", path, change, updateMask="buildConfig.entryPoint")
    )
    assert "Healthcheck" in operation["error"]["message"]
    assert ask(first["url"]).json()["word"] == "second"
    ended(cloud, cloud.call("cloudfunctions", "DELETE", path))


def test_instances_requests_that_take_long_and_crashes(cloud: LocalCloud) -> None:
    url = deploy(cloud, "pooled", timeoutSeconds=1)["url"]
    invoker(cloud, "pooled", "allUsers")
    two = cloud.local("PUT", "functions/pooled/instances", {"instances": 2})["pids"]
    assert len(set(two)) == 2
    # One at a time each: while one is busy the other answers, and what takes too long is ended.
    slow: list[int] = []
    thread = threading.Thread(target=lambda: slow.append(ask(f"{url}/slow").status_code))
    thread.start()
    assert {ask(url).json()["pid"] for _ in range(4)} <= set(two)
    thread.join()
    assert slow == [504]
    assert ask(f"{url}/die").status_code == 503
    assert ask(f"{url}/large").status_code == 500
    cloud.local("PUT", "functions/pooled/instances", {"instances": 1})
    assert ask(url).json()["word"] == "first"
    ended(cloud, cloud.call("cloudfunctions", "DELETE", f"{FUNCTIONS}/pooled"))


def test_a_push_to_a_function_is_repeated_after_an_error(cloud: LocalCloud) -> None:
    url = deploy(cloud, "pushed", ingressSettings="ALLOW_INTERNAL_ONLY")["url"]
    invoker(cloud, "pushed", f"serviceAccount:{email('caller')}")
    topic, subscription = f"projects/{PROJECT}/topics/acts", f"projects/{PROJECT}/subscriptions/acts"
    cloud.call("pubsub", "PUT", f"v1/{topic}", {})
    oidc = {"serviceAccountEmail": email("caller"), "audience": url}
    push = {"pushEndpoint": f"{url}/fail", "oidcToken": oidc}
    cloud.local("PUT", "clock", {"seconds": 0, "hold": True})
    cloud.call("pubsub", "PUT", f"v1/{subscription}", {"topic": topic, "pushConfig": push, "retryPolicy": {}})
    cloud.call("pubsub", "POST", f"v1/{topic}:publish", {"messages": [{"data": "aGVsbG8="}]})
    before = logged(cloud, "pushed").count("NOTICE")
    cloud.local("PUT", "clock", {"advanceSeconds": 5})
    right = {"pushConfig": {**push, "pushEndpoint": f"{url}/message"}}
    cloud.call("pubsub", "POST", f"v1/{subscription}:modifyPushConfig", right)
    assert logged(cloud, "pushed").count("NOTICE") == before
    cloud.local("PUT", "clock", {"advanceSeconds": 6})
    cloud.local("PUT", "clock", {"advanceSeconds": 600})
    assert logged(cloud, "pushed").count("NOTICE") == before + 1
    # It is there for the deliveries of its project alone.
    assert ask(url, token(cloud, "caller", url)).status_code == 404

    # A job calls it too, and while it answers, the local cloud's time is that of the schedule.
    policy = cloud.call("storage", "GET", "storage/v1/b/h3-written/iam")
    writer = {"role": "roles/storage.objectUser", "members": [f"serviceAccount:{email('runner')}"]}
    cloud.call("storage", "PUT", "storage/v1/b/h3-written/iam", {"bindings": [*policy["bindings"], writer]})
    jobs = f"v1/projects/{PROJECT}/locations/us-central1/jobs"
    target = {"uri": f"{url}/write?bucket=h3-written", "oidcToken": oidc}
    body = {"name": f"{jobs[3:]}/writing", "schedule": "*/5 * * * *", "httpTarget": target}
    due = cloud.call("cloudscheduler", "POST", jobs, body)["scheduleTime"]
    cloud.local("PUT", "clock", {"advanceSeconds": 300})
    assert cloud.call("cloudscheduler", "GET", f"{jobs}/writing")["status"] == {}
    written = cloud.call("storage", "GET", "storage/v1/b/h3-written/o/written")
    assert written["timeCreated"] == due
    cloud.call("cloudscheduler", "DELETE", f"{jobs}/writing")
    cloud.local("PUT", "clock", {"seconds": 0, "flow": True})
    ended(cloud, cloud.call("cloudfunctions", "DELETE", f"{FUNCTIONS}/pushed"))


def test_gclouds_way_of_uploading_and_googles_client(cloud: LocalCloud) -> None:
    functions = client(cloud, "cloudfunctions", "v2").projects().locations().functions()
    parent = PARENT.removeprefix("v2/")
    begun = functions.generateUploadUrl(parent=parent, body={}).execute()
    data = archive(main__py="def answer(request):\n    return 'up'\n")
    forged = begun["uploadUrl"].replace("signature=", "signature=x")
    assert requests.put(forged, data=data, timeout=20).status_code == 403
    assert requests.put(begun["uploadUrl"], data=data, timeout=20).status_code == 200
    body = settings(cloud, data)
    body["buildConfig"]["source"] = {"storageSource": begun["storageSource"]}
    operation = functions.create(parent=parent, functionId="uploaded", body=body).execute()
    assert "error" not in ended(cloud, operation)
    invoker(cloud, "uploaded", "allUsers")
    assert ask(functions.get(name=f"{parent}/functions/uploaded").execute()["url"]).text == "up"
    service = f"projects/{PROJECT}/locations/us-central1/services/uploaded"
    assert cloud.call("run", "GET", f"v2/{service}")["template"]["serviceAccount"] == email("runner")
    assert cloud.call("run", "GET", f"v1/{service}")["status"]["conditions"][0]["status"] == "True"
    policy = cloud.call("run", "GET", f"v1/{service}:getIamPolicy")
    assert policy["bindings"][0]["members"] == ["allUsers"]
    check_policy(functions, f"{parent}/functions/uploaded", "roles/viewer", "cloudfunctions.functions.get")
    for version, role in (("v1", "roles/run.viewer"), ("v2", "roles/run.admin")):
        services = client(cloud, "run", version).projects().locations().services()
        check_policy(services, service, role, "run.services.get")
    listed = services.list(parent=parent).execute()["services"]
    assert service in [each["name"] for each in listed]
    knative = (
        client(cloud, "run", "v1").namespaces().services().list(parent=f"namespaces/{PROJECT}").execute()
    )
    assert "uploaded" in [each["metadata"]["name"] for each in knative["items"]]
    ended(cloud, functions.delete(name=f"{parent}/functions/uploaded").execute())


def test_what_is_refused_before_anything_is_built(cloud: LocalCloud) -> None:
    good = settings(cloud, archive(main__py=""))
    build_config, service = good["buildConfig"], good["serviceConfig"]
    bad: list[tuple[int, dict[str, Any]]] = [
        (400, {"buildConfig": {**build_config, "runtime": "python27"}}),
        (501, {"buildConfig": {**build_config, "runtime": "nodejs22"}}),
        (
            404,
            {
                "buildConfig": {
                    **build_config,
                    "source": {"storageSource": {"bucket": "h3-sources", "object": "x"}},
                }
            },
        ),
        (400, {"serviceConfig": {}}),
        (404, {"serviceConfig": {**service, "serviceAccountEmail": email("nobody")}}),
        (400, {"serviceConfig": {**service, "environmentVariables": {"K_SERVICE": "x"}}}),
        (400, {"serviceConfig": {**service, "timeoutSeconds": 4000}}),
    ]
    for status, changes in bad:
        cloud.call("cloudfunctions", "POST", FUNCTIONS, {**good, **changes}, functionId="bad", status=status)
    for name in ("Bad", "-bad", "x" * 64):
        cloud.call("cloudfunctions", "POST", FUNCTIONS, good, functionId=name, status=400)
    outside = io.BytesIO()
    with zipfile.ZipFile(outside, "w") as opened:
        opened.writestr("../main.py", "")
    body = settings(cloud, outside.getvalue())
    cloud.call("cloudfunctions", "POST", FUNCTIONS, body, functionId="bad", status=400)
    good = settings(cloud, archive(main__py=""))
    disable = f"v1/projects/{PROJECT}/services/cloudbuild.googleapis.com:disable"
    cloud.call("serviceusage", "POST", disable, {})
    error = cloud.call("cloudfunctions", "POST", FUNCTIONS, good, functionId="bad", status=403)["error"]
    assert "Cloud Build API" in error["message"]
    cloud.call("serviceusage", "POST", disable.replace(":disable", ":enable"), {})

    cloud.local("PUT", "identities", {"identities": {"ann": {"member": "user:ann@example.com"}}})
    policy = {"bindings": [{"role": "roles/cloudfunctions.developer", "members": ["user:ann@example.com"]}]}
    cloud.call("cloudresourcemanager", "POST", f"v3/projects/{PROJECT}:setIamPolicy", {"policy": policy})
    error = cloud.call("cloudfunctions", "POST", FUNCTIONS, good, functionId="bad", token="ann", status=403)[
        "error"
    ]
    assert "iam.serviceAccounts.actAs" in error["message"]
    cloud.local("DELETE", "identities")


def test_a_builds_account_needs_what_builds_take(cloud: LocalCloud) -> None:
    body = settings(cloud, archive(main__py="def answer(request):\n    return ''\n"))
    body["buildConfig"]["serviceAccount"] = f"projects/{PROJECT}/serviceAccounts/{email('caller')}"
    member = f"serviceAccount:{email('caller')}"
    number = cloud.call("cloudresourcemanager", "GET", f"v3/projects/{PROJECT}")["name"].split("/")[1]
    bindings = [
        {"role": role, "members": [member]}
        for role in ("roles/logging.logWriter", "roles/artifactregistry.writer")
    ]
    reads = {"role": "roles/storage.objectViewer", "members": [member]}

    def only(*prefixes: str) -> dict[str, Any]:
        names = [f'resource.name.startsWith("projects/_/buckets/{prefix}")' for prefix in prefixes]
        expression = " || ".join(names)
        return {**reads, "condition": {"title": "sources", "expression": expression}}

    for granted, refusal in (
        ([], "missing permissions on the build service account"),
        (bindings, "You must grant Storage Object Viewer permission"),
        ([*bindings, only("gcf-v2-uploads-")], "You must grant Storage Object Viewer permission"),
        ([*bindings, only("other-", f"gcf-v2-sources-{number}-")], ""),
    ):
        policy = {"version": 3, "bindings": granted}
        cloud.call("cloudresourcemanager", "POST", f"v3/projects/{PROJECT}:setIamPolicy", {"policy": policy})
        operation = ended(cloud, cloud.call("cloudfunctions", "POST", FUNCTIONS, body, functionId="built"))
        message = operation.get("error", {}).get("message", "")
        assert refusal in message if refusal else not message
        ended(cloud, cloud.call("cloudfunctions", "DELETE", f"{FUNCTIONS}/built"))


def test_processes_end_with_the_server_and_are_started_again(cloud: LocalCloud) -> None:
    data = archive(main__py=MAIN, requirements__txt="functions-framework\ngoogle-auth\nrequests\n")
    begun = cloud.call("cloudfunctions", "POST", FUNCTIONS, settings(cloud, data), functionId="outliving")
    cloud.end(signal.SIGKILL)
    cloud.start()
    # The next run carries on with what this one had begun.
    url = ended(cloud, begun)["response"]["url"]
    invoker(cloud, "outliving", "allUsers")
    path = url.removeprefix(cloud.main)
    for number in (signal.SIGTERM, signal.SIGKILL):
        pid = ask(f"{cloud.main}{path}").json()["pid"]
        descriptor = os.pidfd_open(pid)
        cloud.end(number)
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        assert poll.poll(20_000), "the process outlives the server"
        os.close(descriptor)
        cloud.start()
        shown = cloud.call("cloudfunctions", "GET", f"{FUNCTIONS}/outliving")
        assert shown["url"] == f"{cloud.main}{path}"
    assert ask(f"{cloud.main}{path}").json()["word"] == "first"
