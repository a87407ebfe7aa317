"""What calls in every order have found (`make properties`), and reading for them, each as a plain test."""

from collections.abc import Iterator

import pytest

from tests.cloud.fuzz.furnished import GEMINI, PROJECT
from tests.cloud.inside import InsideCloud
from tests.cloud.local_cloud import ORGANIZATION

PREFERENCES = f"v1/projects/{PROJECT}/locations/global/quotaPreferences"
LOWER = {"ignoreSafetyChecks": "QUOTA_DECREASE_PERCENTAGE_TOO_HIGH"}
WISH = {
    "service": GEMINI,
    "quotaId": "GenerateRequestsPerMinutePerProjectPerModel",
    "quotaConfig": {"preferredValue": "7"},
    "justification": "less",
}


@pytest.fixture
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InsideCloud]:
    """A local cloud with a project in it."""
    made = InsideCloud(tmp_path_factory.mktemp("found") / "state.db")
    made.call("cloudresourcemanager", "POST", "v3/projects", {"projectId": PROJECT, "parent": ORGANIZATION})
    body = {"serviceIds": ["cloudquotas.googleapis.com", GEMINI]}
    made.call("serviceusage", "POST", f"v1/projects/{PROJECT}/services:batchEnable", body)
    yield made
    made.close()


def test_a_preference_is_changed_as_the_request_says(cloud: InsideCloud) -> None:
    """With an etag, a mask, `allowMissing` and `validateOnly`."""
    path = f"{PREFERENCES}/mine"
    assert cloud.call("cloudquotas", "PATCH", path, WISH, **LOWER)[0] == 404
    status, made = cloud.call("cloudquotas", "PATCH", path, WISH, allowMissing="true", **LOWER)
    assert (status, made["quotaConfig"]["preferredValue"]) == (200, "7")
    words = {"justification": "more"}
    status, changed = cloud.call("cloudquotas", "PATCH", path, words, updateMask="justification", **LOWER)
    assert (status, changed["justification"], changed["quotaConfig"]["preferredValue"]) == (200, "more", "7")
    status, refusal = cloud.call("cloudquotas", "PATCH", path, {**WISH, "etag": made["etag"]}, **LOWER)
    assert (status, refusal["error"]["status"]) == (409, "ABORTED")
    wish = {"quotaConfig": {"preferredValue": "3"}}
    status, tried = cloud.call("cloudquotas", "PATCH", path, wish, validateOnly="true", **LOWER)
    assert (status, tried["quotaConfig"]["preferredValue"]) == (200, "3")
    assert cloud.call("cloudquotas", "GET", path) == (200, changed)


def test_the_id_of_a_preference_is_one_segment(cloud: InsideCloud) -> None:
    """With a slash in it the preference would be listed, and never be found."""
    status, _ = cloud.call("cloudquotas", "POST", PREFERENCES, WISH, quotaPreferenceId="a/b", **LOWER)
    assert status == 400


def test_tags_can_be_tried_and_are_changed_by_who_has_seen_them_last(cloud: InsideCloud) -> None:
    """`validateOnly` makes nothing, and its operation is done; an etag is of one state of a tag."""
    body = {"parent": ORGANIZATION, "shortName": "team"}
    status, tried = cloud.call("cloudresourcemanager", "POST", "v3/tagKeys", body, validateOnly="true")
    assert (status, tried["done"], tried["response"]["shortName"]) == (200, True, "team")
    assert cloud.call("cloudresourcemanager", "GET", "v3/tagKeys", parent=ORGANIZATION) == (200, {})
    made = cloud.call("cloudresourcemanager", "POST", "v3/tagKeys", body)[1]["response"]
    path = f"v3/{made['name']}"
    assert cloud.call("cloudresourcemanager", "PATCH", path, {"description": "a"})[0] == 200
    stale = {"description": "b", "etag": made["etag"]}
    assert cloud.call("cloudresourcemanager", "PATCH", path, stale)[0] == 409
    assert cloud.call("cloudresourcemanager", "DELETE", path, etag=made["etag"])[0] == 409
    assert cloud.call("cloudresourcemanager", "PATCH", path, {}, updateMask="shortName")[0] == 400
    assert cloud.call("cloudresourcemanager", "GET", path)[1]["description"] == "a"


def test_effective_tags_have_pages(cloud: InsideCloud) -> None:
    """Every tag, once."""
    parent = f"//cloudresourcemanager.googleapis.com/{ORGANIZATION}"
    for name in ("one", "two", "three"):
        key = {"parent": ORGANIZATION, "shortName": name}
        key_name = cloud.call("cloudresourcemanager", "POST", "v3/tagKeys", key)[1]["response"]["name"]
        value = {"parent": key_name, "shortName": "on"}
        made = cloud.call("cloudresourcemanager", "POST", "v3/tagValues", value)[1]["response"]["name"]
        binding = {"parent": parent, "tagValue": made}
        cloud.call("cloudresourcemanager", "POST", "v3/tagBindings", binding)
    first = cloud.call("cloudresourcemanager", "GET", "v3/effectiveTags", parent=parent, pageSize=2)[1]
    assert len(first["effectiveTags"]) == 2
    rest = cloud.call(
        "cloudresourcemanager",
        "GET",
        "v3/effectiveTags",
        parent=parent,
        pageSize=2,
        pageToken=first["nextPageToken"],
    )[1]
    every = [each["namespacedTagValue"] for each in (*first["effectiveTags"], *rest["effectiveTags"])]
    assert sorted(every) == sorted(f"123456789012/{name}/on" for name in ("one", "two", "three"))


def test_pages_of_contacts_go_on_after_the_ninth(cloud: InsideCloud) -> None:
    """Their ids are numbers: as texts, 10 is before 9."""
    path = f"v1/{ORGANIZATION}/contacts"
    for number in range(12):
        subscriptions = {"notificationCategorySubscriptions": ["ALL"], "languageTag": "en"}
        body = {"email": f"ann{number}@example.com", **subscriptions}
        assert cloud.call("essentialcontacts", "POST", path, body)[0] == 200
    seen: list[str] = []
    token = ""
    while len(seen) < 12:
        page = cloud.call("essentialcontacts", "GET", path, pageSize=3, pageToken=token)[1]
        seen += [each["email"] for each in page["contacts"]]
        token = page.get("nextPageToken", "")
    assert seen == [f"ann{number}@example.com" for number in range(12)]
    assert not token
