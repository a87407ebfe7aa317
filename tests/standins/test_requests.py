"""The stand-in plugin sends what the official one sends: every request, with its path, query and body, in order.

`requests.json` is a recording of the official plugin, 9.35.0, against the local cloud. With GCP_PROVIDER=official the
test runs that plugin against the recording; RECORD_REQUESTS=1 besides makes the recording anew.
"""

import json
import os
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from sandbox.engine import Engine
from tests.workspace import Cloud, Workspace

HERE = Path(__file__).parent
RECORDING = HERE / "requests.json"
STACK_FILE = """\
config:
  gcp:disableGlobalProjectWarning: true
  gcp:userProjectOverride: true
  gcp:billingProject: sandbox-seed
  # Whether two APIs are enabled by one call or by two is a matter of milliseconds.
  gcp:batching: {{enableBatching: false}}
  stand-in:version: {version}
"""
#: What differs from run to run: numbers and ids that Google gives, and times.
VARIABLE = [
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"budgets/[0-9a-f-]{36}"), "budgets/ID"),
    (re.compile(r"(notificationChannels|alertPolicies|conditions|dashboards)/\d+"), r"\1/ID"),
    (re.compile(r'"etag": "([0-9a-f]{32}|BwA[\w+/]*=)"'), '"etag": "ETAG"'),
    (re.compile(r"\b(plain|tick)-[0-9a-f]{7}\b"), r"\1-RANDOM"),
    (re.compile(r"\b10000\d{7}\b"), "NUMBER"),
    (re.compile(r'("generation": "?)\d{16}'), r"\g<1>1"),
    # Google takes both for the same. The official plugin sends one or the other, as the engine has kept its state.
    (re.compile(r'("automaticUpdatePolicy": )({}|null)'), r"\1null"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "http://ADDRESS"),
]
#: The object that a request is about: what its path names, without what is below it.
OBJECT = re.compile(
    r"/v\d+/(.*?/keys/[^/?]+|.*?/budgets(?:/ID)?|.*?/consumerOverrides|.*?/quotaPreferences(?:/[^/?]+)?"
    r"|.*?/(?:notificationChannels|alertPolicies|dashboards)(?:/ID)?"
    r"|.*?/(?:topics|subscriptions|jobs|functions|locations/[^/]+/services)/[^/?:]+(?=[?:]|$)|.*?/(?:jobs|functions)(?=\?|$)"
    r"|.*?/(?:serviceAccounts|roles|providers|workloadIdentityPools)/[^/?:]+(?=[?:]|$)|.*?/cryptoKeys/[^/?:]+"
    r"|projects/[^/?:]+/services|projects/[^/?:]+|[^?]*)"
)

#: Listings and collections that several resources ask for by one path: no order holds between resources.
SHARED = (
    " projects",
    "/services",
    "/notificationChannels",
    "/notificationChannels/ID",
    "/alertPolicies/ID",
    "/jobs",
    "/functions",
)

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
PAID = ("cloudscheduler", "cloudfunctions", "run")

Request = dict[str, Any]


def normalized(request: Request) -> Request:
    """A request without what differs from run to run."""
    kept = {name: request[name] for name in ("method", "service", "path", "body", "x-goog-user-project")}
    text = json.dumps(kept, sort_keys=True)
    for pattern, word in VARIABLE:
        text = pattern.sub(word, text)
    found: Request = json.loads(text)
    return found


def of_resources(requests: list[Request]) -> list[Request]:
    """The requests but for polls of operations: how often one is asked for depends on the time it takes."""
    return [normalized(request) for request in requests if "/operations/" not in request["path"]]


def by_object(requests: list[Request]) -> dict[str, list[str]]:
    """Object → the requests about it, in order."""
    grouped: defaultdict[str, list[str]] = defaultdict(list)
    for request in requests:
        found = OBJECT.match(request["path"])
        grouped[f"{request['service']} {found[1] if found else request['path']}"].append(
            json.dumps(request, sort_keys=True)
        )
    return grouped


def in_order(requests: list[str], reads_apart: bool) -> tuple[list[str], int]:
    """The requests in order; with `reads_apart` the writes in order, and how many reads there are."""
    if not reads_apart:
        return requests, 0
    writes = [request for request in requests if '"method": "GET"' not in request]
    return writes, len(requests) - len(writes)


def prepared(cloud: Cloud) -> int:
    """Let calls of APIs that cost money count against the seed project; returns the number of the last request."""
    seed = "projects/sandbox-seed"
    account = {"billingAccountName": f"billingAccounts/{ACCOUNT}"}
    cloud.call("PUT", f"/cloudbilling/v1/{seed}/billingInfo", account)
    for service in PAID:
        cloud.call("POST", f"/serviceusage/v1/{seed}/services/{service}.googleapis.com:enable")
    last: int = cloud.requests()[-1]["n"]
    return last


def run(workspace: Workspace, cloud: Cloud) -> dict[str, list[Request]]:
    """Create, refresh, update and destroy, one resource at a time; the requests of each."""
    recorded: dict[str, list[Request]] = {}
    last = prepared(cloud)

    def keep(name: str) -> None:
        nonlocal last
        requests = cloud.requests(last)
        last = requests[-1]["n"]
        recorded[name] = of_resources(requests)

    one_by_one = ("--yes", "--skip-preview", "--parallel", "1")
    workspace.write(STACK_FILE.format(version=1))
    workspace.pulumi("up", *one_by_one)
    keep("create")
    workspace.pulumi("refresh", *one_by_one)
    keep("refresh")
    workspace.write(STACK_FILE.format(version=2))
    workspace.pulumi("up", *one_by_one)
    keep("update")
    workspace.pulumi("destroy", *one_by_one)
    keep("destroy")
    return recorded


def test_every_request_is_the_official_plugins(tmp_path: Path, engine: Engine, cloud: Cloud) -> None:
    provider = os.environ.get("GCP_PROVIDER", "standin")
    sent = run(Workspace(tmp_path, engine, cloud, provider, HERE / "fixture"), cloud)
    if provider == "official" and os.environ.get("RECORD_REQUESTS"):
        RECORDING.write_text(json.dumps(sent, indent=1, sort_keys=True) + "\n")
    official: dict[str, list[Request]] = json.loads(RECORDING.read_text())
    for step, expected in official.items():
        ours, theirs = by_object(sent[step]), by_object(expected)
        assert Counter(ours.keys()) == Counter(theirs.keys()), step
        for name, requests in theirs.items():
            # Two keys of one ring are about the ring's project, and independent of each other.
            if name.endswith(SHARED) or name.startswith("cloudkms "):
                assert sorted(ours[name]) == sorted(requests), f"{step}: {name}"
                continue
            # An API's read asks for its project too, at a time of its own.
            reads_apart = name == "cloudresourcemanager projects/stand-in-paid"
            assert in_order(ours[name], reads_apart) == in_order(requests, reads_apart), f"{step}: {name}"
