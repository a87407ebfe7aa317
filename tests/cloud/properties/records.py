"""Functions as records, log buckets with their views, and what the Gemini API keeps: caches and batches."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from sandbox.cloud.cloudfunctions import models as functions
from sandbox.cloud.core.errors import invalid_argument
from tests.cloud.fuzz.furnished import PROJECT
from tests.cloud.inside import BEGIN, Request, check_shape
from tests.cloud.properties.machine import CloudMachine, Read, small

_PLACE = f"v2/projects/{PROJECT}/locations/europe-west4"
_FUNCTIONS = f"{_PLACE}/functions"
_ACCOUNT = f"runner@{PROJECT}.iam.gserviceaccount.com"
_SOURCE: dict[str, dict[str, Any]] = {
    "buildConfig": {
        "runtime": "python312",
        "entryPoint": "guard",
        "source": {"storageSource": {"bucket": "fuzz-bucket", "object": "folder/a b.zip"}},
    },
    "serviceConfig": {"serviceAccountEmail": _ACCOUNT},
}
_LOGS = f"v2/projects/{PROJECT}/locations/global/buckets"
_GEMINI = "generativelanguage"


class FunctionsMachine(CloudMachine):
    """A function is what was deployed last, one operation at a time; what fails leaves what was there."""

    def __init__(self) -> None:
        super().__init__()
        self.functions: dict[str, dict[str, Any]] = {
            "guard": {"state": "DEPLOYING", "revision": 1, "serving": 0, "text": ""}
        }
        self.open: dict[str, str] = {}
        """The operation that is not done, by function."""
        self.operations: set[str] = {
            each["name"] for each in self.listed("cloudfunctions", f"{_PLACE}/operations", "operations")
        }
        (self.open["guard"],) = self.operations

    def reads(self) -> list[Read]:
        """The functions, their operations and services."""
        listings = [("cloudfunctions", f"{_PLACE}/{each}") for each in ("functions", "operations")]
        return [*listings, ("run", f"{_PLACE}/services")]

    def _begun(self, name: str, operation: dict[str, Any]) -> None:
        assert operation["name"] not in self.operations
        assert not operation["done"]
        self.operations.add(operation["name"])
        self.open[name] = operation["name"]

    def _operation(self, verb: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
        status, answer = self.call("cloudfunctions", verb, path, body, **query)
        assert status == 200, answer
        return answer

    @rule(name=st.sampled_from(("guard", "other", "A", "")), runtime=st.sampled_from(("python312", "nope1")))
    def deploy(self, name: str, runtime: str) -> None:
        """A function of a new name, in what there is."""
        body = {**_SOURCE, "buildConfig": {**_SOURCE["buildConfig"], "runtime": runtime}}
        if name in self.functions or name not in ("guard", "other") or runtime != "python312":
            self.refused("cloudfunctions", "POST", _FUNCTIONS, body, functionId=name)
            return
        self._begun(name, self._operation("POST", _FUNCTIONS, body, functionId=name))
        self.functions[name] = {"state": "DEPLOYING", "revision": 1, "serving": 0, "text": ""}

    def _one(self, data: st.DataObject) -> tuple[str, dict[str, Any]]:
        name = data.draw(st.sampled_from(sorted(self.functions)))
        return name, self.functions[name]

    @precondition(lambda self: self.functions)
    @rule(data=st.data(), text=st.sampled_from(("one", "two")), memory=st.sampled_from((60, 99_999)))
    def change(self, data: st.DataObject, text: str, memory: int) -> None:
        """Another revision, once the one before is done."""
        name, about = self._one(data)
        body = {"description": text, "serviceConfig": {"timeoutSeconds": memory}}
        mask = {"updateMask": "description,serviceConfig.timeoutSeconds"}
        if name in self.open or memory > 60:
            self.refused("cloudfunctions", "PATCH", f"{_FUNCTIONS}/{name}", body, **mask)
            return
        self._begun(name, self._operation("PATCH", f"{_FUNCTIONS}/{name}", body, **mask))
        about |= {"state": "DEPLOYING", "revision": about["revision"] + 1, "text": text}

    @precondition(lambda self: self.functions)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """A deletion is an operation as well."""
        name, about = self._one(data)
        if name in self.open:
            self.refused("cloudfunctions", "DELETE", f"{_FUNCTIONS}/{name}")
            return
        self._begun(name, self._operation("DELETE", f"{_FUNCTIONS}/{name}"))
        about["state"] = "DELETING"

    @precondition(lambda self: self.open)
    @rule(data=st.data(), fails=st.booleans(), late=st.booleans())
    def finish(self, data: st.DataObject, fails: bool, late: bool) -> None:
        """What runs functions has done its part; what it reports of a revision before changes nothing."""
        name = data.draw(st.sampled_from(sorted(self.open)))
        about, full = self.functions[name], f"{_FUNCTIONS.removeprefix('v2/')}/{name}"
        error = invalid_argument("it does not start") if fails else None
        with self.cloud.store.transaction():
            functions.deployed(self.cloud.store, full, about["revision"] - late, error, BEGIN)
            if about["state"] == "DELETING":
                functions.deleted(self.cloud.store, full, BEGIN)
        if about["state"] == "DEPLOYING" and not late:
            about |= {"state": "FAILED"} if fails else {"state": "ACTIVE", "serving": about["revision"]}
            self._is_done(name, fails=fails)
        elif about["state"] == "DELETING":
            del self.functions[name]
            self._is_done(name, fails=False)
            for verb in ("GET", "DELETE"):
                self.refused("cloudfunctions", verb, f"{_FUNCTIONS}/{name}")

    def _is_done(self, name: str, *, fails: bool) -> None:
        done = self._operation("GET", f"v2/{self.open.pop(name)}")
        assert done["done"]
        assert ("error" in done) == fails

    @precondition(lambda self: self.functions)
    @rule(data=st.data(), fresh=st.booleans())
    def allow(self, data: st.DataObject, fresh: bool) -> None:
        """Who may use a function is gone with it; a stale policy is refused."""
        name, about = self._one(data)
        path = f"{_FUNCTIONS}/{name}"
        etag = self.ok("cloudfunctions", "GET", f"{path}:getIamPolicy")["etag"] if fresh else "BwAAAAAAAGM="
        member = {"role": "roles/cloudfunctions.viewer", "members": ["user:ann@example.com"]}
        call = self.ok if fresh else self.refused
        call(
            "cloudfunctions", "POST", f"{path}:setIamPolicy", {"policy": {"etag": etag, "bindings": [member]}}
        )
        if fresh:
            about["allowed"] = True

    @rule(page=small)
    def walk(self, page: int) -> None:
        """Pages of any size have every operation, once."""
        path = f"{_PLACE}/operations"
        found = [each["name"] for each in self.listed("cloudfunctions", path, "operations", page)]
        assert sorted(found) == sorted(self.operations)

    @invariant()
    def is_as_deployed(self) -> None:
        """Each function is in its state, answers with the revision that was deployed last, and has one operation."""
        listed = self.listed("cloudfunctions", _FUNCTIONS, "functions")
        assert [each["name"].rpartition("/")[2] for each in listed] == sorted(self.functions)
        for shown in listed:
            name = shown["name"].rpartition("/")[2]
            about = self.functions[name]
            assert self.ok("cloudfunctions", "GET", f"{_FUNCTIONS}/{name}") == shown
            assert (shown["state"], shown.get("description", "")) == (about["state"], about["text"])
            revision = shown["serviceConfig"].get("revision", "-0-").split("-")[1]
            assert int(revision) == about["serving"]
            assert ("url" in shown) == bool(about["serving"])
            policy = self.ok("cloudfunctions", "GET", f"{_FUNCTIONS}/{name}:getIamPolicy")
            assert bool(policy.get("bindings")) == about.get("allowed", False)
        for name in self.open.values():
            assert not self._operation("GET", f"v2/{name}")["done"]


class LogBucketsMachine(CloudMachine):
    """A bucket keeps its settings, a locked one its retention; a deleted one comes back for seven days."""

    empty_at = BEGIN

    def __init__(self) -> None:
        super().__init__()
        self.begin_with(PROJECT, "logging")
        self.buckets: dict[str, dict[str, Any]] = {}
        self.views: dict[str, set[str]] = {}
        self.gone_at: dict[str, datetime] = {}
        self.now = BEGIN

    def reads(self) -> list[Read]:
        """The buckets, and the views of each."""
        return [("logging", _LOGS), *(("logging", f"{_LOGS}/{name}/views") for name in self.buckets)]

    @rule(name=st.sampled_from(("one", "two", "_Default", "a b", "")), days=st.sampled_from((0, 7, 9999)))
    def make(self, name: str, days: int) -> None:
        """A bucket of a new name."""
        body = {"retentionDays": days} if days else {}
        if name in self.buckets or name not in ("one", "two") or days == 9999:
            self.refused("logging", "POST", _LOGS, body, bucketId=name)
            return
        self.ok("logging", "POST", _LOGS, body, bucketId=name)
        self.buckets[name] = {"days": days or 30, "state": "ACTIVE", "locked": False}
        self.views[name] = set()

    def _one(self, data: st.DataObject) -> tuple[str, dict[str, Any]]:
        name = data.draw(st.sampled_from(sorted(self.buckets)))
        return name, self.buckets[name]

    @precondition(lambda self: self.buckets)
    @rule(data=st.data(), days=st.sampled_from((1, 60, 0)))
    def change(self, data: st.DataObject, days: int) -> None:
        """How long entries are kept can be changed until it is locked."""
        name, bucket = self._one(data)
        body, mask = {"retentionDays": days}, {"updateMask": "retentionDays"}
        fits = bucket["state"] == "ACTIVE" and days and (not bucket["locked"] or days == bucket["days"])
        (self.ok if fits else self.refused)("logging", "PATCH", f"{_LOGS}/{name}", body, **mask)
        bucket["days"] = days if fits else bucket["days"]

    @precondition(lambda self: self.buckets)
    @rule(data=st.data(), on=st.booleans())
    def lock(self, data: st.DataObject, on: bool) -> None:
        """A lock is for good."""
        name, bucket = self._one(data)
        fits = bucket["state"] == "ACTIVE" and (on or not bucket["locked"])
        call = self.ok if fits else self.refused
        call("logging", "PATCH", f"{_LOGS}/{name}", {"locked": on}, updateMask="locked")
        bucket["locked"] = on if fits else bucket["locked"]

    @rule(name=st.sampled_from(("one", "two", "_Default", "_Required")), verb=st.sampled_from(("DELETE", "")))
    def delete(self, name: str, verb: str) -> None:
        """A bucket is marked, and taken back; those from the start stay."""
        state = self.buckets.get(name, {}).get("state", "")
        path = f"{_LOGS}/{name}{'' if verb else ':undelete'}"
        if state != ("ACTIVE" if verb else "DELETE_REQUESTED"):
            self.refused("logging", verb or "POST", path, None if verb else {})
            return
        self.ok("logging", verb or "POST", path, None if verb else {})
        self.buckets[name]["state"] = "DELETE_REQUESTED" if verb else "ACTIVE"
        self.gone_at[name] = self.now + timedelta(days=7)

    @precondition(lambda self: self.buckets)
    @rule(data=st.data(), view=st.sampled_from(("mine", "yours", "_AllLogs")), make=st.booleans())
    def view(self, data: st.DataObject, view: str, make: bool) -> None:
        """A view is made once and deleted once, while its bucket is there."""
        name, bucket = self._one(data)
        path = f"{_LOGS}/{name}/views"
        fits = bucket["state"] == "ACTIVE" and view != "_AllLogs" and (view in self.views[name]) != make
        call = self.ok if fits else self.refused
        if make:
            call("logging", "POST", path, {}, viewId=view)
        else:
            call("logging", "DELETE", f"{path}/{view}")
        if fits:
            self.views[name] = self.views[name] | {view} if make else self.views[name] - {view}

    @precondition(lambda self: self.now < BEGIN + timedelta(days=9))
    @rule()
    def wait(self) -> None:
        """Four days pass; what is due is gone, and its name free."""
        self.now += timedelta(days=4)
        self.cloud.advance(to=self.now)
        for name, due in self.gone_at.items():
            if due <= self.now and self.buckets.get(name, {}).get("state") == "DELETE_REQUESTED":
                del self.buckets[name], self.views[name]

    @rule(page=small)
    def walk(self, page: int) -> None:
        """Pages of any size have every bucket, once."""
        found = [each["name"].rpartition("/")[2] for each in self.listed("logging", _LOGS, "buckets", page)]
        assert found == sorted(("_Default", "_Required", *self.buckets))

    @invariant()
    def is_as_set(self) -> None:
        """Each bucket and its views are as they were set."""
        for name, bucket in self.buckets.items():
            shown = self.ok("logging", "GET", f"{_LOGS}/{name}")
            assert shown["retentionDays"] == bucket["days"]
            assert (shown["lifecycleState"], shown.get("locked", False)) == (
                bucket["state"],
                bucket["locked"],
            )
            if bucket["state"] == "ACTIVE":
                views = self.listed("logging", f"{_LOGS}/{name}/views", "views")
                assert {each["name"].rpartition("/")[2] for each in views} == {*self.views[name], "_AllLogs"}


class GeminiMachine(CloudMachine):
    """Caches end when they are to, and batches are done in time, once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGIN
        self.caches: dict[str, datetime] = {}
        """When each ends."""
        self.batches: dict[str, datetime | None] = {}
        """When each is done; None for a cancelled one."""
        for each in self.listed(_GEMINI, "v1beta/cachedContents", "cachedContents"):
            self.caches[each["name"]] = datetime.fromisoformat(each["expireTime"])
        for each in self.listed(_GEMINI, "v1beta/batches", "operations"):
            self.batches[each["name"]] = BEGIN + timedelta(minutes=10)

    def call(
        self, service: str, verb: str, path: str, body: Any = None, **query: Any
    ) -> tuple[int, dict[str, Any]]:
        """A call that counts against the project."""
        CloudMachine.calls += 1
        headers = {"x-goog-user-project": PROJECT}
        request = Request.of(service, verb, path, body, query, headers)
        answer = self.cloud.send(request)
        check_shape(request, answer)
        return answer.status, answer.json

    def reads(self) -> list[Read]:
        """The caches and the batches."""
        return [(_GEMINI, "v1beta/cachedContents"), (_GEMINI, "v1beta/batches")]

    @rule(ttl=st.sampled_from((60, 600, 7200, -1, 0)), words=st.sampled_from((5, 5000)))
    def cache(self, ttl: int, words: int) -> None:
        """A cache has enough in it, and an end to come."""
        body = {
            "model": "models/gemini-2.5-flash",
            "contents": [{"role": "user", "parts": [{"text": "word " * words}]}],
            "ttl": f"{ttl}s",
        }
        if ttl <= 0 or words < 1000:
            self.refused(_GEMINI, "POST", "v1beta/cachedContents", body)
            return
        made = self.ok(_GEMINI, "POST", "v1beta/cachedContents", body)
        assert made["name"] not in self.caches
        self.caches[made["name"]] = self.now + timedelta(seconds=ttl)

    @precondition(lambda self: self.caches)
    @rule(data=st.data(), ttl=st.sampled_from((60, 3600, 0)), text=st.sampled_from(("", "new")))
    def prolong(self, data: st.DataObject, ttl: int, text: str) -> None:
        """Its end alone can be changed, while it is there."""
        name = data.draw(st.sampled_from(sorted(self.caches)))
        body = {"ttl": f"{ttl}s", **({"displayName": text} if text else {})}
        if not ttl or text or self.caches[name] <= self.now:
            self.refused(_GEMINI, "PATCH", f"v1beta/{name}", body)
            return
        self.ok(_GEMINI, "PATCH", f"v1beta/{name}", body)
        self.caches[name] = self.now + timedelta(seconds=ttl)

    @precondition(lambda self: self.caches)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """A cache is deleted once, unless it has ended."""
        name = data.draw(st.sampled_from(sorted(self.caches)))
        if self.caches[name] <= self.now:
            self.refused(_GEMINI, "DELETE", f"v1beta/{name}")
            return
        self.ok(_GEMINI, "DELETE", f"v1beta/{name}")
        self.caches[name] = self.now
        for verb in ("GET", "DELETE"):
            self.refused(_GEMINI, verb, f"v1beta/{name}")

    @rule(count=st.integers(0, 2))
    def batch(self, count: int) -> None:
        """A batch has something to do."""
        one = {"request": {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}}
        body = {"batch": {"displayName": "b", "inputConfig": {"requests": {"requests": [one] * count}}}}
        path = "v1beta/models/gemini-2.5-flash:batchGenerateContent"
        if not count:
            self.refused(_GEMINI, "POST", path, body)
            return
        made = self.ok(_GEMINI, "POST", path, body)
        assert made["name"] not in self.batches
        self.batches[made["name"]] = self.now + timedelta(minutes=10)

    @precondition(lambda self: self.batches)
    @rule(data=st.data(), verb=st.sampled_from(("cancel", "delete")))
    def give_up(self, data: st.DataObject, verb: str) -> None:
        """A batch that is not done is cancelled; any is forgotten."""
        name = data.draw(st.sampled_from(sorted(self.batches)))
        done = self.batches[name]
        if verb == "delete":
            self.ok(_GEMINI, "DELETE", f"v1beta/{name}")
            del self.batches[name]
            self.refused(_GEMINI, "GET", f"v1beta/{name}")
        elif done is None or done <= self.now:
            self.refused(_GEMINI, "POST", f"v1beta/{name}:cancel")
        else:
            self.ok(_GEMINI, "POST", f"v1beta/{name}:cancel")
            self.batches[name] = None

    @precondition(lambda self: self.now < BEGIN + timedelta(minutes=50))
    @rule(minutes=st.sampled_from((1, 9)))
    def wait(self, minutes: int) -> None:
        """Time passes."""
        self.now += timedelta(minutes=minutes)
        self.cloud.advance(to=self.now)

    @rule(page=small)
    def walk(self, page: int) -> None:
        """Pages of any size have every batch, once."""
        found = [each["name"] for each in self.listed(_GEMINI, "v1beta/batches", "operations", page)]
        assert sorted(found) == sorted(self.batches)
        assert len(found) == len({*found})

    @invariant()
    def is_in_time(self) -> None:
        """What has ended is not there, and what is due is done."""
        listed = {
            each["name"]: each for each in self.listed(_GEMINI, "v1beta/cachedContents", "cachedContents")
        }
        assert listed.keys() == {name for name, end in self.caches.items() if end > self.now}
        for name, shown in listed.items():
            assert datetime.fromisoformat(shown["expireTime"]) == self.caches[name]
        for each in self.listed(_GEMINI, "v1beta/batches", "operations"):
            done = self.batches[each["name"]]
            assert each.get("done", False) == (done is None or done <= self.now)
            assert ("error" in each) == (done is None)
            assert ("response" in each) == (done is not None and done <= self.now)
