"""Objects with their generations, versions of a secret, and messages."""

from base64 import b64decode, b64encode
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.cloud.fuzz.furnished import PROJECT
from tests.cloud.inside import Request
from tests.cloud.properties.machine import CloudMachine, Read, small

_BUCKET = "storage/v1/b/fuzz-bucket"
_NAMES = ("a", "a/b", "a b?", "é", "z" * 200)
names = st.sampled_from(_NAMES)
texts = st.sampled_from(("", "one", "two"))


class ObjectsMachine(CloudMachine):
    """An object is what was written last by who knew what was there, and old versions stay."""

    def __init__(self) -> None:
        super().__init__()
        self.live: dict[str, tuple[str, str, str]] = {}
        """Generation, metageneration and data by name."""
        self.old: dict[str, dict[str, str]] = {name: {} for name in _NAMES}
        """Data by generation."""

    def reads(self) -> list[Read]:
        """The bucket, its objects, and each one."""
        each = [("storage", _at(name)) for name in _NAMES]
        return [("storage", _BUCKET), ("storage", f"{_BUCKET}/o?versions=true"), *each]

    @rule(name=names, text=texts, expected=st.sampled_from((None, "none", "live", "other")))
    def write(self, name: str, text: str, expected: str | None) -> None:
        """A write for a generation is for that one alone; 0 is for none."""
        generation = self.live.get(name, ("0",))[0]
        wanted = {"none": "0", "live": generation, "other": "12345"}.get(expected or "", "")
        path = f"upload/{_BUCKET}/o?uploadType=media&name={quote(name, safe='')}"
        path += f"&ifGenerationMatch={wanted}" if wanted else ""
        CloudMachine.calls += 1
        answer = self.cloud.send(Request("storage", "POST", path, text.encode(), "text/plain"))
        if wanted not in ("", generation):
            assert answer.status == 412, answer
            return
        assert answer.status == 200, answer
        self._retire(name)
        self.live[name] = (answer.json["generation"], answer.json["metageneration"], text)
        assert answer.json["generation"] not in self.old[name]

    def _retire(self, name: str) -> None:
        if name in self.live:
            generation, _, text = self.live.pop(name)
            self.old[name][generation] = text

    @precondition(lambda self: self.live)
    @rule(data=st.data(), known=st.booleans())
    def describe(self, data: st.DataObject, known: bool) -> None:
        """A change of what is said of an object counts, and one of another count is refused."""
        name = data.draw(st.sampled_from(sorted(self.live)))
        generation, meta, text = self.live[name]
        body = {"metadata": {"a": data.draw(texts)}}
        if not known:
            wrong = str(int(meta) + 1)
            self.refused("storage", "PATCH", _at(name), body, ifMetagenerationMatch=wrong)
            return
        shown = self.ok("storage", "PATCH", _at(name), body, ifMetagenerationMatch=meta)
        self.live[name] = (generation, shown["metageneration"], text)
        assert int(shown["metageneration"]) == int(meta) + 1

    @rule(name=names, known=st.booleans())
    def delete(self, name: str, known: bool) -> None:
        """A deleted one is gone, and an old version."""
        generation = self.live.get(name, ("0",))[0]
        if name not in self.live or not known:
            self.refused("storage", "DELETE", _at(name), ifGenerationMatch="7")
            return
        assert (
            self.cloud.send(
                Request("storage", "DELETE", f"{_at(name)}?ifGenerationMatch={generation}")
            ).status
            == 204
        )
        self._retire(name)

    @precondition(lambda self: any(self.old.values()))
    @rule(data=st.data())
    def purge(self, data: st.DataObject) -> None:
        """An old version is deleted for good."""
        name = data.draw(st.sampled_from([each for each in _NAMES if self.old[each]]))
        generation = data.draw(st.sampled_from(sorted(self.old[name])))
        path = f"{_at(name)}?generation={generation}"
        assert self.cloud.send(Request("storage", "DELETE", path)).status == 204
        del self.old[name][generation]
        self.refused("storage", "DELETE", path)

    @rule()
    def delete_the_bucket(self) -> None:
        """A bucket with anything in it stays."""
        self.refused("storage", "DELETE", _BUCKET)

    @rule(page=small)
    def walk(self, page: int) -> None:
        """Pages of any size have every version, once."""
        everything = self.listed("storage", f"{_BUCKET}/o", "items", versions="true")
        assert (
            self.listed("storage", f"{_BUCKET}/o", "items", page, "maxResults", versions="true") == everything
        )
        known = [(each["name"], each["generation"]) for each in everything if each["name"] in _NAMES]
        every = {(name, each) for name in _NAMES for each in (*self.old[name], *self.live.get(name, ())[:1])}
        assert sorted(known) == sorted(every)

    @invariant()
    def is_as_written(self) -> None:
        """Each object has the data that were written last, and an old version its own."""
        listed = {each["name"] for each in self.listed("storage", f"{_BUCKET}/o", "items")}
        assert listed & {*_NAMES} == {*self.live}
        for name, (generation, meta, text) in self.live.items():
            shown = self.ok("storage", "GET", _at(name))
            assert (shown["generation"], shown["metageneration"]) == (generation, meta)
            assert self._data(name, generation) == text
        for name in _NAMES:
            for generation, text in self.old[name].items():
                assert self._data(name, generation) == text

    def _data(self, name: str, generation: str) -> str:
        answer = self.cloud.send(Request("storage", "GET", f"{_at(name)}?alt=media&generation={generation}"))
        assert answer.status == 200, answer
        return answer.content.decode()


def _at(name: str) -> str:
    return f"{_BUCKET}/o/{quote(name, safe='')}"


class VersionsMachine(CloudMachine):
    """Versions of a secret: numbers are never given twice, and a destroyed one says nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[int, tuple[str, str]] = {1: ("ENABLED", "tock")}
        """State and data by number."""

    def reads(self) -> list[Read]:
        """The secret and its versions."""
        return [("secretmanager", _SECRET), ("secretmanager", f"{_SECRET}/versions")]

    @rule(text=texts)
    def add(self, text: str) -> None:
        """A version is the next, and has data."""
        body = {"payload": {"data": b64encode(text.encode()).decode()}}
        if not text:
            self.refused("secretmanager", "POST", f"{_SECRET}:addVersion", body)
            return
        made = self.ok("secretmanager", "POST", f"{_SECRET}:addVersion", body)
        number = max(self.versions) + 1
        assert made["name"].endswith(f"/versions/{number}")
        self.versions[number] = ("ENABLED", text)

    @rule(data=st.data(), verb=st.sampled_from(("enable", "disable", "destroy")), fresh=st.booleans())
    def change(self, data: st.DataObject, verb: str, fresh: bool) -> None:
        """A version changes its state until it is destroyed, for who has seen it last."""
        number = data.draw(st.sampled_from(sorted(self.versions)))
        path = f"{_SECRET}/versions/{number}"
        etag = self.ok("secretmanager", "GET", path)["etag"] if fresh else '"000000000000"'
        state, text = self.versions[number]
        if not fresh or state == "DESTROYED":
            self.refused("secretmanager", "POST", f"{path}:{verb}", {"etag": etag})
            return
        self.ok("secretmanager", "POST", f"{path}:{verb}", {"etag": etag})
        self.versions[number] = (f"{verb.upper()}{'D' if verb != 'destroy' else 'ED'}", text)

    @rule(page=small)
    def walk(self, page: int) -> None:
        """Pages of any size have every version, once, the newest first."""
        found = [
            each["name"] for each in self.listed("secretmanager", f"{_SECRET}/versions", "versions", page)
        ]
        assert [int(name.rpartition("/")[2]) for name in found] == sorted(self.versions, reverse=True)

    @invariant()
    def says_what_it_was_given(self) -> None:
        """A version that is enabled gives its data, and no other does."""
        for number, (state, text) in self.versions.items():
            path = f"{_SECRET}/versions/{number}"
            assert self.ok("secretmanager", "GET", path)["state"] == state
            status, answer = self.call("secretmanager", "GET", f"{path}:access")
            assert (status == 200) == (state == "ENABLED")
            if status == 200:
                assert b64decode(answer["payload"]["data"]).decode() == text


_SECRET = f"v1/projects/{PROJECT}/secrets/token"
_TOPIC = f"v1/projects/{PROJECT}/topics/events"
_PULLED = f"v1/projects/{PROJECT}/subscriptions/fresh"


class MessagesMachine(CloudMachine):
    """Each message comes until it is acknowledged, and then no more."""

    def __init__(self) -> None:
        super().__init__()
        self.open: dict[str, str] = {}
        """Data of what was published, by id."""
        self.held: dict[str, str] = {}
        """Ids of what is out, by acknowledgement id."""
        body = {"topic": _TOPIC.removeprefix("v1/"), "ackDeadlineSeconds": 600}
        self.ok("pubsub", "PUT", _PULLED, body)

    def reads(self) -> list[Read]:
        """The topic and its subscriptions."""
        return [("pubsub", _TOPIC), ("pubsub", _PULLED), ("pubsub", f"{_TOPIC}/subscriptions")]

    @rule(words=st.lists(texts, min_size=1, max_size=3))
    def publish(self, words: list[str]) -> None:
        """Messages have ids of their own; one with nothing in it is none."""
        body: dict[str, Any] = {"messages": [{"data": b64encode(each.encode()).decode()} for each in words]}
        if not all(words):
            self.refused("pubsub", "POST", f"{_TOPIC}:publish", body)
            return
        made = self.ok("pubsub", "POST", f"{_TOPIC}:publish", body)["messageIds"]
        assert not {*made} & {*self.open}
        self.open |= dict(zip(made, words, strict=True))

    @rule(most=st.integers(0, 3))
    def pull(self, most: int) -> None:
        """What is not out comes, as it was published."""
        body = {"maxMessages": most, "returnImmediately": True}
        if most == 0:
            self.refused("pubsub", "POST", f"{_PULLED}:pull", body)
            return
        found = self.ok("pubsub", "POST", f"{_PULLED}:pull", body).get("receivedMessages", [])
        assert len(found) == min(most, len(self.open) - len(self.held))
        for each in found:
            identifier = each["message"]["messageId"]
            assert identifier not in self.held.values()
            assert b64decode(each["message"]["data"]).decode() == self.open[identifier]
            self.held[each["ackId"]] = identifier

    @precondition(lambda self: self.held)
    @rule(data=st.data(), gives_back=st.booleans())
    def answer(self, data: st.DataObject, gives_back: bool) -> None:
        """An acknowledged message is done; one given back comes again."""
        ack = data.draw(st.sampled_from(sorted(self.held)))
        if gives_back:
            self.ok(
                "pubsub", "POST", f"{_PULLED}:modifyAckDeadline", {"ackIds": [ack], "ackDeadlineSeconds": 0}
            )
        else:
            self.ok("pubsub", "POST", f"{_PULLED}:acknowledge", {"ackIds": [ack]})
            del self.open[self.held[ack]]
        del self.held[ack]

    @rule()
    def answer_what_never_came(self) -> None:
        """An acknowledgement of nothing is refused."""
        self.refused("pubsub", "POST", f"{_PULLED}:acknowledge", {"ackIds": ["nope"]})
