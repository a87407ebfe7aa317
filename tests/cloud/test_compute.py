"""Compute Engine as far as a project without its default network needs it, and the agents of services."""

from email import message_from_string
from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from tests.cloud.local_cloud import ACCOUNT, CREDENTIALS, FOLDER, LocalCloud

COMPUTE = "compute.googleapis.com"
SKIP = "compute.skipDefaultNetworkCreation"


def client(cloud: LocalCloud, service: str, version: str, below: str = "") -> Any:
    options = ClientOptions(api_endpoint=cloud.url(service) + below)
    return build(service, version, client_options=options, credentials=CREDENTIALS, static_discovery=True)


@pytest.fixture(scope="module")
def compute(cloud: LocalCloud) -> Any:
    return client(cloud, "compute", "v1", "/compute/v1/")


def enable(cloud: LocalCloud, project: str) -> None:
    cloud.call("serviceusage", "POST", f"v1/projects/{project}/services/{COMPUTE}:enable", {})


def waited(compute: Any, project: str, operation: dict[str, Any]) -> dict[str, Any]:
    """An operation that is done, as clients wait for it."""
    assert operation["kind"] == "compute#operation"
    while operation["status"] != "DONE":
        operation = compute.globalOperations().wait(project=project, operation=operation["name"]).execute()
    return operation


def test_a_project_loses_its_default_network_as_terraform_takes_it(cloud: LocalCloud, compute: Any) -> None:
    project = "gem-network-1"
    number = cloud.create_project(project, account=ACCOUNT)
    networks, firewalls = compute.networks(), compute.firewalls()
    with pytest.raises(HttpError) as off:
        networks.get(project=project, network="default").execute()
    error = cloud.call("compute", "GET", f"compute/v1/projects/{project}/zones", status=403)["error"]
    assert off.value.resp.status == 403
    assert error["errors"][0]["reason"] == "accessNotConfigured"
    assert error["message"].startswith(f"Compute Engine API has not been used in project {number} before")
    assert "SERVICE_DISABLED" in [detail.get("reason") for detail in error["details"]]

    enable(cloud, project)
    network = networks.get(project=project, network="default").execute()
    assert (network["autoCreateSubnetworks"], network["routingConfig"]["routingMode"]) == (True, "REGIONAL")
    rules = firewalls.list(project=project, filter=f"network eq {network['selfLink']}").execute()["items"]
    assert [rule["name"].removeprefix("default-allow-") for rule in rules] == [
        "icmp",
        "internal",
        "rdp",
        "ssh",
    ]
    assert "items" not in firewalls.list(project=project, filter="network eq .*/other").execute()

    used = waited(compute, project, networks.delete(project=project, network="default").execute())
    [reason] = used["error"]["errors"]
    assert reason["code"] == "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE"
    assert reason["message"].endswith(
        f"already being used by 'projects/{project}/global/firewalls/default-allow-icmp'"
    )
    assert used["httpErrorStatusCode"] == 400

    assert firewalls.get(project=project, firewall=rules[0]["id"]).execute() == rules[0]
    for rule in rules:
        done = waited(compute, project, firewalls.delete(project=project, firewall=rule["name"]).execute())
        assert (done["operationType"], done["targetLink"]) == ("delete", rule["selfLink"])
    assert "error" not in waited(
        compute, project, networks.delete(project=project, network="default").execute()
    )
    for call in (
        networks.get(project=project, network="default"),
        networks.delete(project=project, network="default"),
    ):
        with pytest.raises(HttpError, match="global/networks/default' was not found") as gone:
            call.execute()
        assert gone.value.resp.status == 404
    subnetworks = compute.subnetworks().aggregatedList(project=project).execute()["items"]
    assert {scope["warning"]["code"] for scope in subnetworks.values()} == {"NO_RESULTS_ON_PAGE"}
    body = {
        "resourceNames": [f"projects/{project}"],
        "filter": 'protoPayload.serviceName="compute.googleapis.com"',
    }
    entries = [
        each["protoPayload"] for each in cloud.call("logging", "POST", "v2/entries:list", body)["entries"]
    ]
    deleted = ("v1.compute.networks.delete", f"projects/{project}/global/networks/default")
    assert deleted in [(each["methodName"], each["resourceName"]) for each in entries]
    # What was once made is not made again.
    cloud.call("serviceusage", "POST", f"v1/projects/{project}/services/{COMPUTE}:disable", {})
    enable(cloud, project)
    assert "items" not in networks.list(project=project).execute()


def test_a_policy_keeps_projects_without_a_network(cloud: LocalCloud, compute: Any) -> None:
    number = cloud.create_project("gem-network-2", account=ACCOUNT)
    policy = {"name": f"{FOLDER}/policies/{SKIP}", "spec": {"rules": [{"enforce": True}]}}
    cloud.call("orgpolicy", "POST", f"v2/{FOLDER}/policies", policy, project="sandbox-seed")
    enable(cloud, number)
    assert "items" not in compute.networks().list(project="gem-network-2").execute()
    assert "items" not in compute.routes().list(project="gem-network-2").execute()
    cloud.call("orgpolicy", "DELETE", f"v2/{FOLDER}/policies/{SKIP}", project="sandbox-seed")


def test_a_network_of_ones_own_is_made_changed_and_listed_by_page(cloud: LocalCloud, compute: Any) -> None:
    project = "gem-network-3"
    cloud.create_project(project, account=ACCOUNT)
    enable(cloud, project)
    networks = compute.networks()
    body = {"name": "own", "autoCreateSubnetworks": False, "mtu": 1500}
    made = waited(compute, project, networks.insert(project=project, body=body).execute())
    assert made["targetLink"].endswith("/global/networks/own")
    for bad, code in (
        (body, 409),
        ({"name": "Own", "autoCreateSubnetworks": True}, 400),
        ({"name": "legacy"}, 400),
        ({**body, "name": "large", "mtu": 9000}, 400),
    ):
        with pytest.raises(HttpError) as refused:
            networks.insert(project=project, body=bad).execute()
        assert refused.value.resp.status == code
    change = {"routingConfig": {"routingMode": "GLOBAL"}}
    waited(compute, project, networks.patch(project=project, network="own", body=change).execute())
    own = networks.get(project=project, network=made["targetId"]).execute()
    assert (own["name"], own["mtu"], own["routingConfig"]["routingMode"]) == ("own", 1500, "GLOBAL")
    first = networks.list(project=project, maxResults=1).execute()
    second = networks.list(project=project, maxResults=1, pageToken=first["nextPageToken"]).execute()
    assert [each["items"][0]["name"] for each in (first, second)] == ["default", "own"]
    assert networks.list(project=project, filter='name = "own"').execute()["items"] == [own]
    ranges = compute.subnetworks().list(project=project, region="us-central1").execute()["items"]
    assert [each["ipCidrRange"] for each in ranges] == ["10.128.0.0/20"]
    subnetwork = compute.subnetworks().get(project=project, region="us-central1", subnetwork="default")
    assert [subnetwork.execute()] == ranges
    default = f'network="{networks.get(project=project, network="default").execute()["selfLink"]}"'
    to = compute.routes().list(project=project, filter=f'({default}) AND (destRange="0.0.0.0/0")').execute()
    assert [route["priority"] for route in to["items"]] == [1000]
    assert (
        compute.zones()
        .get(project=project, zone="us-central1-f")
        .execute()["region"]
        .endswith("/us-central1")
    )
    assert len(compute.regions().list(project=project).execute()["items"]) > 40
    region = compute.regions().get(project=project, region="europe-west1").execute()
    zones = compute.zones().list(project=project, filter=f'region="{region["selfLink"]}"').execute()["items"]
    assert [zone["selfLink"] for zone in zones] == region["zones"]


def test_a_projects_own_settings(cloud: LocalCloud, compute: Any) -> None:
    project = "gem-network-4"
    number = cloud.create_project(project, account=ACCOUNT)
    enable(cloud, project)
    projects = compute.projects()
    found = projects.get(project=project).execute()
    account = f"{number}-compute@developer.gserviceaccount.com"
    assert (found["name"], found["defaultServiceAccount"]) == (project, account)
    cloud.call("serviceusage", "POST", f"v1/projects/{number}/services/iam.googleapis.com:enable", {})
    accounts = cloud.call("iam", "GET", f"v1/projects/{project}/serviceAccounts")["accounts"]
    assert [each["email"] for each in accounts] == [account]
    metadata = {
        "fingerprint": found["commonInstanceMetadata"]["fingerprint"],
        "items": [{"key": "enable-oslogin", "value": "TRUE"}],
    }
    waited(compute, project, projects.setCommonInstanceMetadata(project=project, body=metadata).execute())
    with pytest.raises(HttpError, match="does not match current metadata fingerprint") as stale:
        projects.setCommonInstanceMetadata(project=project, body=metadata).execute()
    assert stale.value.resp.status == 412
    export = {"bucketName": "gs://acme-usage", "reportNamePrefix": "gem"}
    waited(compute, project, projects.setUsageExportBucket(project=project, body=export).execute())
    found = projects.get(project=project).execute()
    assert found["commonInstanceMetadata"]["items"] == metadata["items"]
    assert found["usageExportLocation"] == export
    assert projects.getXpnHost(project=project).execute() == {"kind": "compute#project"}
    assert "items" not in projects.listXpnHosts(project=project, body={}).execute()
    waited(compute, project, projects.enableXpnHost(project=project).execute())
    hosts = projects.listXpnHosts(project=project, body={}).execute()["items"]
    assert [(host["name"], host["xpnProjectStatus"]) for host in hosts] == [(project, "HOST")]
    assert "resources" not in projects.getXpnResources(project=project).execute()
    waited(compute, project, projects.disableXpnHost(project=project).execute())
    assert "items" not in projects.listXpnHosts(project=project, body={}).execute()
    with pytest.raises(HttpError, match=r"compute\.instances\.aggregatedList") as missing:
        compute.instances().aggregatedList(project=project).execute()
    assert missing.value.resp.status == 501


def test_compute_refuses_in_its_own_words(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-network-5", account=ACCOUNT)
    enable(cloud, number)
    cloud.local("PUT", "identities", {"identities": {"anns": {"member": "user:ann@example.com"}}})
    path = "compute/v1/projects/gem-network-5/global/networks"
    error = cloud.call("compute", "DELETE", f"{path}/default", token="anns", status=403)["error"]
    wanted = "'compute.networks.delete' permission for 'projects/gem-network-5/global/networks/default'"
    assert (error["message"], error["errors"][0]["reason"]) == (f"Required {wanted}", "forbidden")
    bindings = [{"role": "roles/compute.networkViewer", "members": ["user:ann@example.com"]}]
    cloud.call(
        "cloudresourcemanager",
        "POST",
        f"v1/projects/{number}:setIamPolicy",
        {"policy": {"bindings": bindings}},
    )
    cloud.call("compute", "GET", path, token="anns")
    assert (
        cloud.call("compute", "POST", path, {"nme": "x"}, status=400)["error"]["errors"][0]["domain"]
        == "global"
    )
    fault = {"operationError": "INTERNAL", "method": "compute.networks.delete"}
    cloud.local("PUT", "faults", {"faults": [fault]})
    failed = cloud.call("compute", "DELETE", f"{path}/default")
    while failed["status"] != "DONE":
        failed = cloud.call(
            "compute", "GET", f"compute/v1/projects/{number}/global/operations/{failed['name']}"
        )
    assert failed["error"]["errors"][0]["code"] == "INTERNAL"
    cloud.call("compute", "GET", f"{path}/default")
    cloud.local("DELETE", "identities")


def test_an_operation_takes_its_time(cloud: LocalCloud, compute: Any) -> None:
    project = "gem-network-6"
    enable(cloud, cloud.create_project(project, account=ACCOUNT))
    cloud.local("PUT", "clock", {"hold": True})
    cloud.local(
        "PUT", "times", {"times": [{"operationSeconds": [30, 30], "method": "compute.firewalls.delete"}]}
    )
    rule = compute.firewalls().get(project=project, firewall="default-allow-ssh")
    link = rule.execute()["selfLink"]
    begun = compute.firewalls().delete(project=project, firewall="default-allow-ssh").execute()
    assert (begun["kind"], begun["status"], begun["targetLink"]) == ("compute#operation", "RUNNING", link)
    rule.execute()
    cloud.local("PUT", "clock", {"advanceSeconds": 31})
    asked = compute.globalOperations().get(project=project, operation=begun["name"])
    ended = asked.execute()
    assert (ended["status"], ended["id"], ended["targetLink"]) == ("DONE", begun["id"], link)
    with pytest.raises(HttpError, match="was not found"):
        rule.execute()
    cloud.local("PUT", "times", {"times": []})
    cloud.local("PUT", "clock", {"flow": True})


def test_a_batch_is_several_calls(cloud: LocalCloud) -> None:
    project = "gem-network-7"
    enable(cloud, cloud.create_project(project, account=ACCOUNT))
    rules = [
        f"/compute/v1/projects/{project}/global/firewalls/default-allow-{name}"
        for name in ("ssh", "rdp", "no")
    ]
    calls = [f"Content-Type: application/http\r\nContent-ID: <{at}>\r\n\r\nDELETE {rule} HTTP/1.1\r\n\r\n"
             for at, rule in enumerate([*rules, "/batch/x"])]  # fmt: skip
    content = "".join(f"--b\r\n{call}\r\n" for call in calls) + "--b--"
    headers = {"Content-Type": "multipart/mixed; boundary=b"}
    answer = cloud.request("compute", "POST", "batch/compute/v1", data=content, headers=headers)
    read = message_from_string(f"Content-Type: {answer.headers['content-type']}\n\n{answer.text}")
    answered = [
        (part["Content-ID"], str(part.get_payload()).split("\n")[0].strip())
        for part in read.walk()
        if not part.is_multipart()
    ]
    assert answered == [
        ("<response-0>", "HTTP/1.1 200 OK"),
        ("<response-1>", "HTTP/1.1 200 OK"),
        ("<response-2>", "HTTP/1.1 404 Not Found"),
        ("<response-3>", "HTTP/1.1 400 Bad Request"),
    ]
    left = cloud.call("compute", "GET", f"compute/v1/projects/{project}/global/firewalls")["items"]
    assert [rule["name"] for rule in left] == ["default-allow-icmp", "default-allow-internal"]
    assert cloud.request("compute", "POST", "batch", data="{}", headers=headers).status_code == 400


def test_the_agent_of_a_service_is_made_once(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-agents-1")
    services = client(cloud, "serviceusage", "v1beta1").services()

    def agent(service: str) -> dict[str, Any]:
        parent = f"projects/gem-agents-1/services/{service}"
        operation = services.generateServiceIdentity(parent=parent).execute()
        assert operation["done"] is True
        return dict(operation["response"])

    first = agent("pubsub.googleapis.com")
    assert first["email"] == f"service-{number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    assert len(first["uniqueId"]) == 21
    assert agent("pubsub.googleapis.com") == first
    assert agent("secretmanager.googleapis.com")["uniqueId"] != first["uniqueId"]
    assert "email" not in agent("billingbudgets.googleapis.com")
    # As Terraform's provider asks, whose address ends in another version.
    path = f"v1/projects/{number}/services/pubsub.googleapis.com:generateServiceIdentity"
    assert cloud.call("serviceusage", "POST", path)["response"] == first
    with pytest.raises(HttpError, match="Not found or permission denied for service"):
        agent("none.googleapis.com")
