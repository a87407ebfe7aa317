"""A machine for every kind of resource that is made, changed, listed and deleted as most are."""

from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from tests.cloud.properties.kinds import IDS, Kind
from tests.cloud.properties.machine import CloudMachine, Read, small


class CollectionMachine(CloudMachine):
    """One kind: what is listed is what was made and not deleted, each as it was set last."""

    kind: Kind

    def __init__(self) -> None:
        super().__init__()
        self.live: dict[str, dict[str, Any]] = {}
        """The settings of each, by name."""
        self.deleted: dict[str, dict[str, Any]] = {}
        self.by_id: dict[str, str] = {}
        self.others: dict[str, dict[str, Any]] = {}
        """What was there before."""

    @initialize()
    def begin(self) -> None:
        """See what is there."""
        self.others = {each["name"]: each for each in self._all()}

    def reads(self) -> list[Read]:
        """The listing, and each one."""
        listing = self.kind.path
        if self.kind.kept:
            listing += "?showDeleted=true"
        return [(self.kind.service, listing), *((self.kind.service, self._path(name)) for name in self.live)]

    def _all(self, page: int = 0, **query: Any) -> list[dict[str, Any]]:
        return self.listed(self.kind.service, self.kind.path, self.kind.items, page=page, **query)

    def _path(self, name: str) -> str:
        return f"{self.kind.version}/{self.kind.prefix}{quote(name, safe='/')}"

    def _make(self, identifier: str, settings: dict[str, Any], call: Any) -> Any:
        path, query, body = self.kind.creation(identifier, settings)
        return call(self.kind.service, self.kind.verb, path, body, **query)

    def _change(self, name: str, settings: dict[str, Any], call: Any, **more: Any) -> Any:
        return call(
            self.kind.service,
            self.kind.change,
            self._path(name),
            {**self.kind.wrap(name, settings), **more},
            **self.kind.query,
        )

    @rule(identifier=st.sampled_from(IDS), data=st.data())
    def make(self, identifier: str, data: st.DataObject) -> None:
        """One is made, unless its id is taken."""
        settings = data.draw(st.sampled_from(self.kind.settings))
        taken = self.by_id.get(identifier) if self.kind.named else None
        if taken in self.live or (taken in self.deleted and self.kind.kept):
            self._make(identifier, settings, self.refused)
            return
        made = self._make(identifier, settings, self.ok)
        assert made["name"] not in self.live
        assert made["name"] not in self.others
        self.by_id[identifier] = made["name"]
        self.live[made["name"]] = settings
        _shows(made, settings)

    @rule(identifier=st.sampled_from(IDS), data=st.data())
    def make_badly(self, identifier: str, data: st.DataObject) -> None:
        """What is against the rules is not made."""
        if self.kind.bad:
            self._make(identifier, data.draw(st.sampled_from(self.kind.bad)), self.refused)

    @precondition(lambda self: self.live and self.kind.change)
    @rule(data=st.data())
    def change(self, data: st.DataObject) -> None:
        """One is changed, and shown so."""
        name = data.draw(st.sampled_from(sorted(self.live)))
        settings = data.draw(st.sampled_from(self.kind.settings))
        _shows(self._change(name, settings, self.ok), settings)
        self.live[name] = settings

    @precondition(lambda self: self.live and self.kind.etag)
    @rule(data=st.data())
    def change_what_has_changed(self, data: st.DataObject) -> None:
        """A change of what was read before another change is refused, and of what was read after it is not."""
        name = data.draw(st.sampled_from(sorted(self.live)))
        old = self._get(name)
        settings = data.draw(
            st.sampled_from([each for each in self.kind.settings if each != self.live[name]])
        )
        self._change(name, settings, self.ok, etag=old["etag"])
        self.live[name] = settings
        self._change(name, self.kind.settings[0], self.refused, etag=old["etag"])
        self._change(name, settings, self.ok, etag=self._get(name)["etag"])

    def _get(self, name: str) -> dict[str, Any]:
        return self.ok(self.kind.service, "GET", self._path(name))

    @precondition(lambda self: self.live and self.kind.deletes)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """One is deleted, and gone."""
        name = data.draw(st.sampled_from(sorted(self.live)))
        if self.kind.etag_deletes:
            self.refused(self.kind.service, "DELETE", self._path(name), etag="b3RoZXI=")
        self.ok(self.kind.service, "DELETE", self._path(name))
        self.deleted[name] = self.live.pop(name)
        self._is_gone(name)

    def _is_gone(self, name: str) -> None:
        status, _ = self.call(self.kind.service, "GET", self._path(name))
        assert status in self.kind.gone or (self.kind.kept and status == 200)
        if not self.kind.kept:
            if self.kind.change and not self.kind.upserts:
                self._change(name, self.kind.settings[0], self.refused)
            if not self.kind.forgiving:
                self.refused(self.kind.service, "DELETE", self._path(name))

    @precondition(lambda self: self.deleted and self.kind.kept)
    @rule(data=st.data())
    def undelete(self, data: st.DataObject) -> None:
        """A deleted one comes back as it was, and once."""
        name = data.draw(st.sampled_from(sorted(self.deleted)))
        self.ok(self.kind.service, "POST", f"{self._path(name)}:undelete", {})
        self.live[name] = self.deleted.pop(name)
        self.refused(self.kind.service, "POST", f"{self._path(name)}:undelete", {})

    @rule(page=small)
    def walk(self, page: int) -> None:
        """Pages of any size have everything, once."""
        walked = self._all(page)
        assert walked == self._all()
        if self.kind.kept:
            names = [each["name"] for each in self._all(page, showDeleted="true")]
            assert sorted(names) == sorted({*self.live, *self.deleted, *self.others})

    @invariant()
    def is_as_set(self) -> None:
        """The listing has what was made, as it was set, and the rest as it was."""
        found = self._all()
        listed = {each["name"]: each for each in found}
        assert len(found) == len(listed)
        assert listed.keys() == self.live.keys() | self.others.keys()
        for name, settings in self.live.items():
            _shows(listed[name], settings)
        for name, other in self.others.items():
            assert listed[name] == other
        if self.live:
            name = max(self.live)
            got = self._get(name)
            _shows(got, listed[name])


def _shows(shown: dict[str, Any], settings: dict[str, Any]) -> None:
    """A resource has what was set; what its service adds stands beside."""
    for name, value in settings.items():
        here = shown.get(name)
        if isinstance(value, dict) and isinstance(here, dict):
            _shows(here, value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            assert isinstance(here, list)
            for one, other in zip(here, value, strict=True):
                _shows(one, other)
        elif name not in ("projects", "parent"):  # by number
            assert here == value or (not value and here is None), (name, here, value)


def machine_of(kind: Kind, name: str) -> type[CollectionMachine]:
    """The machine of a kind."""
    return type(f"Machine of {name}", (CollectionMachine,), {"kind": kind})
