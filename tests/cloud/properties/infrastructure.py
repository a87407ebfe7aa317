"""KMS keys with their versions, Compute Engine's networks, and the settings of buckets."""

from base64 import b64encode
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.cloud.fuzz.furnished import PROJECT
from tests.cloud.inside import BEGIN, Request
from tests.cloud.properties.machine import CloudMachine, Read, small

_KMS = "cloudkms"
_RINGS = f"v1/projects/{PROJECT}/locations/europe-west4/keyRings"
_KEYS = f"{_RINGS}/ring/cryptoKeys"
_KEY_IDS = ("key", "Other_key", "third")
_COMPUTE = f"compute/v1/projects/{PROJECT}/global"
_NETWORKS = f"{_COMPUTE}/networks"
_FIREWALLS = f"{_COMPUTE}/firewalls"
_BUCKETS = ("fuzz-one", "fuzz-two")


class KeysMachine(CloudMachine):
    """What was encrypted can be read while its version is enabled, and never again once that is destroyed."""

    empty_at = BEGIN

    def __init__(self) -> None:
        super().__init__()
        self.begin_with(PROJECT, "cloudkms")
        self.ok(_KMS, "POST", _RINGS, {}, keyRingId="ring")
        self.ok(_KMS, "POST", _KEYS, {"purpose": "ENCRYPT_DECRYPT"}, cryptoKeyId="key")
        self.states: dict[str, dict[int, str]] = {"key": {1: "ENABLED"}}
        """State of each version, by key and number."""
        self.primary: dict[str, int] = {"key": 1}
        self.due: dict[tuple[str, int], Any] = {}
        """When a version is destroyed."""
        self.now = BEGIN
        self.sealed: list[tuple[str, int, str, str]] = []
        """Key, version, plaintext and ciphertext."""

    def reads(self) -> list[Read]:
        """The rings, the keys and their versions."""
        each = [(_KMS, f"{_KEYS}/{key}/cryptoKeyVersions") for key in self.states]
        return [(_KMS, _RINGS), (_KMS, _KEYS), *each]

    @rule(key=st.sampled_from((*_KEY_IDS, "a b", "")), purpose=st.sampled_from(("ENCRYPT_DECRYPT", "")))
    def make(self, key: str, purpose: str) -> None:
        """A key has its id for good, and a purpose."""
        body = {"purpose": purpose} if purpose else {}
        if key in self.states or key not in _KEY_IDS or not purpose:
            self.refused(_KMS, "POST", _KEYS, body, cryptoKeyId=key)
            return
        made = self.ok(_KMS, "POST", _KEYS, body, cryptoKeyId=key)
        assert made["primary"]["state"] == "ENABLED"
        self.states[key], self.primary[key] = {1: "ENABLED"}, 1

    @rule(ring=st.sampled_from(("ring", "a b")))
    def make_ring_badly(self, ring: str) -> None:
        """An id in use, or a bad one."""
        self.refused(_KMS, "POST", _RINGS, {}, keyRingId=ring)

    @rule(data=st.data())
    def rotate(self, data: st.DataObject) -> None:
        """A version more is not the primary one by itself."""
        key = data.draw(st.sampled_from(sorted(self.states)))
        made = self.ok(_KMS, "POST", f"{_KEYS}/{key}/cryptoKeyVersions", {})
        number = max(self.states[key]) + 1
        assert made["name"].endswith(f"/{number}")
        self.states[key][number] = "ENABLED"

    def _version(self, data: st.DataObject) -> tuple[str, int, str]:
        key = data.draw(st.sampled_from(sorted(self.states)))
        number = data.draw(st.sampled_from(sorted(self.states[key])))
        return key, number, f"{_KEYS}/{key}/cryptoKeyVersions/{number}"

    @rule(data=st.data())
    def promote(self, data: st.DataObject) -> None:
        """Only a version that is enabled becomes the primary one."""
        key, number, _ = self._version(data)
        call = self.ok if self.states[key][number] == "ENABLED" else self.refused
        call(_KMS, "POST", f"{_KEYS}/{key}:updatePrimaryVersion", {"cryptoKeyVersionId": str(number)})
        if self.states[key][number] == "ENABLED":
            self.primary[key] = number

    @rule(data=st.data(), to=st.sampled_from(("ENABLED", "DISABLED", "DESTROYED")))
    def switch(self, data: st.DataObject, to: str) -> None:
        """A version is enabled and disabled until its destruction is scheduled."""
        key, number, path = self._version(data)
        switchable = self.states[key][number] in ("ENABLED", "DISABLED") and to != "DESTROYED"
        call = self.ok if switchable else self.refused
        call(_KMS, "PATCH", path, {"state": to}, updateMask="state")
        if switchable:
            self.states[key][number] = to

    @rule(data=st.data(), verb=st.sampled_from(("destroy", "restore")))
    def destroy(self, data: st.DataObject, verb: str) -> None:
        """A version is destroyed in 30 days unless it is restored: then it is disabled."""
        key, number, path = self._version(data)
        scheduled = self.states[key][number] == "DESTROY_SCHEDULED"
        if self.states[key][number] == "DESTROYED" or scheduled != (verb == "restore"):
            self.refused(_KMS, "POST", f"{path}:{verb}", {})
            return
        self.ok(_KMS, "POST", f"{path}:{verb}", {})
        self.states[key][number] = "DISABLED" if scheduled else "DESTROY_SCHEDULED"
        self.due[key, number] = self.now + timedelta(days=30)

    @precondition(lambda self: self.now < BEGIN + timedelta(days=25))
    @rule()
    def wait(self) -> None:
        """Twenty days pass; what is due is destroyed."""
        self.now += timedelta(days=20)
        self.cloud.advance(to=self.now)
        for (key, number), due in self.due.items():
            if due <= self.now and self.states[key][number] == "DESTROY_SCHEDULED":
                self.states[key][number] = "DESTROYED"

    @rule(data=st.data(), text=st.sampled_from(("", "one", "two")), named=st.booleans())
    def encrypt(self, data: st.DataObject, text: str, named: bool) -> None:
        """The primary version encrypts, or the one that is named."""
        key, number, path = self._version(data)
        number = number if named else self.primary[key]
        path = path if named else f"{_KEYS}/{key}"
        body = {"plaintext": b64encode(text.encode()).decode()}
        if self.states[key][number] != "ENABLED":
            self.refused(_KMS, "POST", f"{path}:encrypt", body)
            return
        made = self.ok(_KMS, "POST", f"{path}:encrypt", body)
        assert made["name"].endswith(f"/{key}/cryptoKeyVersions/{number}")
        self.sealed.append((key, number, body["plaintext"], made["ciphertext"]))

    @rule(data=st.data())
    def decrypt_badly(self, data: st.DataObject) -> None:
        """Another key, or other bytes, read nothing."""
        key = data.draw(st.sampled_from(sorted(self.states)))
        other = [ciphertext for of, _, _, ciphertext in self.sealed if of != key]
        body = {"ciphertext": data.draw(st.sampled_from(["", "AAAA", *other]))}
        self.refused(_KMS, "POST", f"{_KEYS}/{key}:decrypt", body)

    @rule(page=small)
    def walk(self, page: int) -> None:
        """Pages of any size have every version, once."""
        for key, states in self.states.items():
            path = f"{_KEYS}/{key}/cryptoKeyVersions"
            found = [each["name"] for each in self.listed(_KMS, path, "cryptoKeyVersions", page)]
            assert [int(name.rpartition("/")[2]) for name in found] == sorted(states)

    @invariant()
    def holds(self) -> None:
        """Each version is in its state, and reads what it has encrypted while it is enabled."""
        for key, states in self.states.items():
            shown = self.ok(_KMS, "GET", f"{_KEYS}/{key}")["primary"]
            assert shown["name"].endswith(f"/{self.primary[key]}")
            assert shown["state"] == states[self.primary[key]]
            listed = self.listed(_KMS, f"{_KEYS}/{key}/cryptoKeyVersions", "cryptoKeyVersions")
            assert [each["state"] for each in listed] == [states[number] for number in sorted(states)]
        for key, number, text, ciphertext in self.sealed[-3:]:
            status, answer = self.call(_KMS, "POST", f"{_KEYS}/{key}:decrypt", {"ciphertext": ciphertext})
            assert (status == 200) == (self.states[key][number] == "ENABLED")
            assert status != 200 or answer.get("plaintext", "") == text


class NetworksMachine(CloudMachine):
    """A network has its subnetworks and routes with it, and stays while a firewall rule is of it."""

    def __init__(self) -> None:
        super().__init__()
        self.networks: dict[str, bool] = {"default": True}
        """Whether it has a subnetwork in each region, by name."""
        self.modes: dict[str, str] = {"default": "REGIONAL"}
        self.firewalls = {each["name"] for each in self.listed("compute", _FIREWALLS, "items")}

    def reads(self) -> list[Read]:
        """Networks, subnetworks, rules and routes."""
        project = _COMPUTE.removesuffix("/global")
        collections = ("global/networks", "global/firewalls", "global/routes", "aggregated/subnetworks")
        return [("compute", f"{project}/{each}") for each in collections]

    def _done(self, verb: str, path: str, body: Any = None) -> dict[str, Any]:
        """A call whose operation is done; returns the operation."""
        operation = self.ok("compute", verb, path, body)
        assert operation["status"] == "DONE"
        return self.ok("compute", "GET", f"{_COMPUTE}/operations/{operation['name']}")

    @rule(name=st.sampled_from(("one", "two", "A", "", "x" * 64)), auto=st.sampled_from((True, False, None)))
    def make(self, name: str, auto: bool | None) -> None:
        """A network of a new name, and of one of two kinds."""
        body = {"name": name} | ({} if auto is None else {"autoCreateSubnetworks": auto})
        if name in self.networks or name not in ("one", "two") or auto is None:
            self.refused("compute", "POST", _NETWORKS, body)
            return
        assert "error" not in self._done("POST", _NETWORKS, body)
        self.networks[name], self.modes[name] = auto, "REGIONAL"

    @rule(data=st.data(), mode=st.sampled_from(("GLOBAL", "REGIONAL", "NOPE")))
    def change(self, data: st.DataObject, mode: str) -> None:
        """How it routes can be changed; its kind cannot."""
        name = data.draw(st.sampled_from(sorted(self.networks)))
        path = f"{_NETWORKS}/{name}"
        if mode == "NOPE":
            self.refused("compute", "PATCH", path, {"autoCreateSubnetworks": not self.networks[name]})
            return
        assert "error" not in self._done("PATCH", path, {"routingConfig": {"routingMode": mode}})
        self.modes[name] = mode

    @rule(name=st.sampled_from(("one", "two", "default")))
    def delete(self, name: str) -> None:
        """It is deleted once, and not while it is in use: then the operation has an error."""
        path = f"{_NETWORKS}/{name}"
        if name not in self.networks:
            self.refused("compute", "DELETE", path)
            return
        in_use = name == "default" and bool(self.firewalls)
        assert ("error" in self._done("DELETE", path)) == in_use
        if not in_use:
            del self.networks[name], self.modes[name]
            self.refused("compute", "GET", path)

    @precondition(lambda self: self.firewalls)
    @rule(data=st.data())
    def open(self, data: st.DataObject) -> None:
        """A firewall rule is deleted once."""
        name = data.draw(st.sampled_from(sorted(self.firewalls)))
        self._done("DELETE", f"{_FIREWALLS}/{name}")
        self.firewalls.remove(name)
        self.refused("compute", "DELETE", f"{_FIREWALLS}/{name}")

    @rule(page=small)
    def walk(self, page: int) -> None:
        """Pages of any size have every route, once."""
        path = f"{_COMPUTE}/routes"
        found = [each["name"] for each in self.listed("compute", path, "items", page * 7, "maxResults")]
        assert found == [each["name"] for each in self.listed("compute", path, "items")]
        assert len(found) == len({*found})

    @invariant()
    def holds(self) -> None:
        """Each network is as it was made, with subnetworks if it is of that kind, and nothing is left of others."""
        listed = {each["name"]: each for each in self.listed("compute", _NETWORKS, "items")}
        assert listed.keys() == self.networks.keys()
        for name, network in listed.items():
            assert network["autoCreateSubnetworks"] == self.networks[name]
            assert network["routingConfig"]["routingMode"] == self.modes[name]
            assert bool(network.get("subnetworks")) == self.networks[name]
            assert self.ok("compute", "GET", f"{_NETWORKS}/{network['id']}") == network
        assert {each["name"] for each in self.listed("compute", _FIREWALLS, "items")} == self.firewalls
        regions = self.ok("compute", "GET", f"{_COMPUTE.removesuffix('/global')}/aggregated/subnetworks")[
            "items"
        ]
        found = [each["network"] for scope in regions.values() for each in scope.get("subnetworks", [])]
        links = [each for network in listed.values() for each in network.get("subnetworks", [])]
        assert sorted(found) == sorted(
            network["selfLink"] for network in listed.values() for _ in network.get("subnetworks", [])
        )
        routes = self.listed("compute", f"{_COMPUTE}/routes", "items")
        assert len(routes) == len(links) + len(listed)


class BucketsMachine(CloudMachine):
    """A bucket has the settings of who knew what it had, and a lock on its retention is for good."""

    def __init__(self) -> None:
        super().__init__()
        self.buckets: dict[str, dict[str, Any]] = {}
        """Labels, versioning, and the seconds and the lock of its retention."""

    def reads(self) -> list[Read]:
        """The buckets, and each one with its policy."""
        each = [("storage", f"storage/v1/b/{name}{more}") for name in self.buckets for more in ("", "/iam")]
        return [("storage", f"storage/v1/b?project={PROJECT}"), *each]

    @rule(name=st.sampled_from((*_BUCKETS, "fuzz-bucket", "A", "10.0.0.1", "goog-x", "")))
    def make(self, name: str) -> None:
        """A bucket has a name that no other has."""
        body = {"name": name, "location": "EU"}
        if name not in _BUCKETS or name in self.buckets:
            self.refused("storage", "POST", "storage/v1/b", body, project=PROJECT)
            return
        made = self.ok("storage", "POST", "storage/v1/b", body, project=PROJECT)
        assert made["metageneration"] == "1"
        self.buckets[name] = {"labels": {}, "versioned": False, "retention": 0, "locked": False, "count": 1}

    def _one(self, data: st.DataObject) -> tuple[str, dict[str, Any]]:
        name = data.draw(st.sampled_from(sorted(self.buckets)))
        return f"storage/v1/b/{name}", self.buckets[name]

    @precondition(lambda self: self.buckets)
    @rule(data=st.data(), value=st.sampled_from(("x", "y", None)), known=st.sampled_from((True, False, None)))
    def label(self, data: st.DataObject, value: str | None, known: bool | None) -> None:
        """A label is set and taken away; a change of what was read before another one is refused."""
        path, bucket = self._one(data)
        wanted = {} if known is None else {"ifMetagenerationMatch": str(bucket["count"] - (not known))}
        call = self.refused if known is False else self.ok
        call("storage", "PATCH", path, {"labels": {"team": value}}, **wanted)
        if known is not False:
            bucket["labels"] = {"team": value} if value else {}
            bucket["count"] += 1

    @precondition(lambda self: self.buckets)
    @rule(data=st.data(), on=st.booleans(), whole=st.booleans())
    def version(self, data: st.DataObject, on: bool, whole: bool) -> None:
        """PUT replaces all settings, and PATCH those that it has."""
        path, bucket = self._one(data)
        if whole and bucket["locked"]:
            self.refused("storage", "PUT", path, {"versioning": {"enabled": on}})
            return
        self.ok("storage", "PUT" if whole else "PATCH", path, {"versioning": {"enabled": on}})
        bucket |= {"versioned": on, "count": bucket["count"] + 1}
        if whole:
            bucket |= {"labels": {}, "retention": 0}

    @precondition(lambda self: self.buckets)
    @rule(data=st.data(), seconds=st.sampled_from((0, 60, 600)))
    def retain(self, data: st.DataObject, seconds: int) -> None:
        """A retention that is locked gets longer alone."""
        path, bucket = self._one(data)
        body = {"retentionPolicy": {"retentionPeriod": str(seconds)} if seconds else None}
        if bucket["locked"] and seconds < bucket["retention"]:
            self.refused("storage", "PATCH", path, body)
            return
        self.ok("storage", "PATCH", path, body)
        bucket |= {"retention": seconds, "count": bucket["count"] + 1}

    @precondition(lambda self: self.buckets)
    @rule(data=st.data(), known=st.booleans())
    def lock(self, data: st.DataObject, known: bool) -> None:
        """A retention is locked by who knows what the bucket has."""
        path, bucket = self._one(data)
        count = str(bucket["count"] if known else bucket["count"] + 1)
        call = self.ok if known and bucket["retention"] else self.refused
        call("storage", "POST", f"{path}/lockRetentionPolicy", None, ifMetagenerationMatch=count)
        if known and bucket["retention"]:
            bucket |= {"locked": True, "count": bucket["count"] + 1}

    @precondition(lambda self: self.buckets)
    @rule(data=st.data(), fresh=st.booleans())
    def allow(self, data: st.DataObject, fresh: bool) -> None:
        """A policy is replaced by who has read it last."""
        path, _ = self._one(data)
        old = self.ok("storage", "GET", f"{path}/iam")
        if not fresh:
            self.ok("storage", "PUT", f"{path}/iam", {"bindings": old["bindings"]})
        member = {"role": "roles/storage.objectViewer", "members": ["user:ann@example.com"]}
        call = self.ok if fresh else self.refused
        call(
            "storage", "PUT", f"{path}/iam", {"etag": old["etag"], "bindings": [member, *old["bindings"][:1]]}
        )

    @precondition(lambda self: self.buckets)
    @rule(data=st.data(), known=st.booleans())
    def delete(self, data: st.DataObject, known: bool) -> None:
        """An empty bucket is deleted, and gone with its policy."""
        path, bucket = self._one(data)
        if not known:
            self.refused("storage", "DELETE", path, ifMetagenerationMatch=str(bucket["count"] + 1))
            return
        assert self.cloud.send(Request("storage", "DELETE", path)).status == 204
        del self.buckets[path.rpartition("/")[2]]
        for verb, of in (("GET", path), ("GET", f"{path}/iam"), ("DELETE", path), ("PATCH", path)):
            self.refused("storage", verb, of)

    @rule(page=small)
    def walk(self, page: int) -> None:
        """Pages of any size have every bucket, once."""
        path = "storage/v1/b"
        found = [
            each["name"]
            for each in self.listed("storage", path, "items", page, "maxResults", project=PROJECT)
        ]
        assert found == sorted((*self.buckets, "fuzz-bucket"))

    @invariant()
    def is_as_set(self) -> None:
        """Each bucket has what was set last, and has counted each change."""
        for name, bucket in self.buckets.items():
            shown = self.ok("storage", "GET", f"storage/v1/b/{name}")
            retention = shown.get("retentionPolicy", {})
            assert {
                "labels": shown.get("labels", {}),
                "versioned": shown.get("versioning", {}).get("enabled", False),
                "retention": int(retention.get("retentionPeriod", 0)),
                "locked": retention.get("isLocked", False),
                "count": int(shown["metageneration"]),
            } == bucket
