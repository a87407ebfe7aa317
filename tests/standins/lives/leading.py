"""Leads a resource through its life, as the engine would, and writes down what is asked and answered.

A step has, by the call, what the plugin answered, as the difference from its answer to that call before; and the
requests that it sent to Google, without polls of operations, whose number is a matter of time.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi.runtime.proto import provider_pb2

from sandbox.standins.gcp_plugin.wire import from_struct, to_struct
from tests.standins.lives.life import Life, filled, merged
from tests.standins.lives.plugin import Plugin, steady
from tests.workspace import Cloud

Step = dict[str, Any]
_GONE = "-"
#: A value of another type than what a program gave.
_WRONG: tuple[tuple[type, Any], ...] = ((bool, "perhaps"), (int, "many"), (float, "many"), (str, {"a": "b"}))


def led(plugin: Plugin, cloud: Cloud, life: Life, names: Mapping[str, str]) -> list[Step]:
    """Everything: create, refresh, each update, import, destroy, and wrong inputs."""
    for method, path, body in filled(life.prepared, names):
        cloud.call(method, path, body)
    return _Leading(plugin, cloud, life, names).all_of_it()


def difference(before: Any, after: Any) -> Any:
    """What of `after` is not as in `before`; names that went are listed under `-`."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    changed = {
        name: difference(before.get(name), value)
        for name, value in after.items()
        if name not in before or before[name] != value
    }
    gone = sorted(name for name in before if name not in after)
    return {**changed, _GONE: gone} if gone else changed


class _Leading:
    def __init__(self, plugin: Plugin, cloud: Cloud, life: Life, names: Mapping[str, str]) -> None:
        self._plugin, self._cloud, self._life, self._names = plugin, cloud, life, names
        self._urn = f"urn:pulumi:t::t::gcp:{life.type}::res"
        self._before: dict[str, Any] = {}
        self._steps: list[Step] = []
        entries = cloud.requests()
        self._last = entries[-1]["n"] if entries else 0
        self._id = ""
        self._state: dict[str, Any] = {}
        self._inputs: dict[str, Any] = {}

    def all_of_it(self) -> list[Step]:
        """The steps of the life, and those of its wrong inputs."""
        inputs = filled(self._life.inputs, self._names)
        self._step("preview")
        checked = self._check({}, inputs)
        self._create(checked, preview=True)
        self._step("create")
        self._create(checked)
        if not self._id:
            return self._finished()
        self._step("refresh")
        self._read()
        for change in filled(self._life.updates, self._names):
            inputs = merged(inputs, change)
            self._step(f"update {' '.join(sorted(change))}")
            self._update(inputs)
            self._read()
        self._import(inputs)
        self._step("destroy")
        self._delete(self._id, self._state)
        self._read()
        for change in filled(self._life.bad, self._names):
            self._bad(merged(filled(self._life.inputs, self._names), change), change)
        self._misshapen(filled(self._life.inputs, self._names))
        return self._finished()

    def _check(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
        request = provider_pb2.CheckRequest(
            urn=self._urn, olds=to_struct(olds), news=to_struct(news), randomSeed=b"seed" * 8, name="res"
        )
        answer = self._ask("Check", request)
        self._failed = answer is None or bool(answer.failures)
        return {} if answer is None else from_struct(answer.inputs)

    def _create(self, inputs: dict[str, Any], *, preview: bool = False) -> None:
        request = provider_pb2.CreateRequest(urn=self._urn, properties=to_struct(inputs), preview=preview)
        answer = self._ask("Preview" if preview else "Create", request)
        if answer is not None and not preview:
            self._id, self._state, self._inputs = answer.id, from_struct(answer.properties), inputs

    def _read(self) -> None:
        request = provider_pb2.ReadRequest(
            **self._known(), properties=to_struct(self._state), inputs=to_struct(self._inputs)
        )
        answer = self._ask("Read", request)
        if answer is not None and answer.id:
            self._state = from_struct(answer.properties)

    def _update(self, news: dict[str, Any]) -> None:
        """Check, compare and, unless that replaces the resource, update."""
        checked = self._check(self._inputs, news)
        known = {**self._known(), "olds": to_struct(self._state), "old_inputs": to_struct(self._inputs)}
        found = self._ask("Diff", provider_pb2.DiffRequest(**known, news=to_struct(checked)))
        if found is None or not found.diffs:
            return
        if found.replaces:
            old = (self._id, self._state)
            if not found.deleteBeforeReplace:
                self._create(checked)
            self._delete(*old)
            if found.deleteBeforeReplace:
                self._create(checked)
            return
        answer = self._ask("Update", provider_pb2.UpdateRequest(**known, news=to_struct(checked)))
        if answer is None:
            return
        self._state, self._inputs = from_struct(answer.properties), checked
        if news.get("deletionPolicy") == "PREVENT":
            self._delete(self._id, self._state)

    def _delete(self, resource_id: str, state: Mapping[str, Any]) -> None:
        self._ask(
            "Delete", provider_pb2.DeleteRequest(id=resource_id, urn=self._urn, properties=to_struct(state))
        )

    def _import(self, inputs: dict[str, Any]) -> None:
        self._step("import")
        names = {**self._names, "id": self._id}
        request = provider_pb2.ReadRequest(id=filled(self._life.imported, names), urn=self._urn)
        answer = self._ask("Import", request)
        if answer is None or not answer.id:
            return
        checked = self._check(from_struct(answer.inputs), inputs)
        comparison = provider_pb2.DiffRequest(
            id=answer.id,
            urn=self._urn,
            olds=to_struct(from_struct(answer.properties)),
            old_inputs=to_struct(from_struct(answer.inputs)),
            news=to_struct(checked),
        )
        self._ask("Diff", comparison)

    def _bad(self, inputs: dict[str, Any], change: Mapping[str, Any]) -> None:
        """Inputs that the plugin or Google refuses. What is made nevertheless is deleted."""
        self._step(f"bad {json.dumps(change, sort_keys=True)}")
        checked = self._check({}, inputs)
        if self._failed:
            return
        self._id = ""
        self._create(checked)
        if self._id:
            self._delete(self._id, self._state)

    def _misshapen(self, inputs: dict[str, Any]) -> None:
        """Each property left out, each of another type, and one that there is none of."""
        for name in inputs:
            self._step(f"without {name}")
            self._check({}, merged(inputs, {name: None}))
        for name, value in inputs.items():
            wrong = next((wrong for kind, wrong in _WRONG if isinstance(value, kind)), "text")
            self._step(f"misshapen {name}")
            self._check({}, {**inputs, name: wrong})
        self._step("unknown")
        self._check({}, {**inputs, "colour": "blue"})

    def _known(self) -> dict[str, Any]:
        return {"id": self._id, "urn": self._urn}

    def _ask(self, call: str, message: Any) -> Any:
        method = {"Preview": "Create", "Import": "Read"}.get(call, call)
        answer, shown = self._plugin.ask(method, message)
        shown = steady(shown)
        if answer is not None and call not in ("Check", "Diff"):
            shown = {name: self._news(name, value) for name, value in shown.items()}
        elif shown.get("failures"):
            shown = {"failures": shown["failures"]}
        elif answer is not None:
            shown = self._news(call, shown)
        self._steps[-1][call] = shown
        return answer

    def _news(self, kind: str, value: Any) -> Any:
        """What is new since the last answer of the kind."""
        before, self._before[kind] = self._before.get(kind), value
        return difference(before, value)

    def _step(self, name: str) -> None:
        self._finished()
        self._steps.append({"step": name})

    def _finished(self) -> list[Step]:
        """Note the requests of the step that ends here."""
        entries = self._cloud.requests(self._last)
        if entries and self._steps:
            self._last = entries[-1]["n"]
            sent = [_line(entry) for entry in entries if "/operations/" not in entry["path"]]
            if sent:
                self._steps[-1]["requests"] = steady(sent)
        return self._steps


def _line(entry: Mapping[str, Any]) -> str:
    body = "" if entry["body"] is None else f" {json.dumps(entry['body'], sort_keys=True)}"
    return f"{entry['method']} {entry['service']} {entry['path']}{body}"


def places(ours: Any, theirs: Any, at: str = "") -> Iterator[str]:
    """The places where two steps differ."""
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        if ours != theirs:
            yield at
        return
    for name in sorted({*ours, *theirs}):
        here = f"{at}/{name}"
        if name in ours and name in theirs:
            yield from places(ours[name], theirs[name], here)
        else:
            yield here
