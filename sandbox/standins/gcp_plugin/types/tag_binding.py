"""A tag value bound to a project, a folder or an organization."""

from collections.abc import Mapping
from urllib.parse import unquote

from typing_extensions import override

from sandbox.standins.gcp_plugin.errors import PluginError
from sandbox.standins.gcp_plugin.google import GoogleError, Json
from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import Call, Resource, Value, kept_deletion_policy, text


def _after_collection(name: Value) -> Value:
    return str(name).removeprefix("tagBindings/")


def _by_id_or_name(body: Json, plan: Mapping[str, Value]) -> Json:
    value = str(plan.get("tagValue") or "")
    if value.startswith("tagValues/"):
        return body
    named = {name: item for name, item in body.items() if name != "tagValue"}
    return {**named, "tagValueNamespacedName": value}


TAG_BINDING = Resource(
    urn_type="gcp:tags/tagBinding:TagBinding",
    service="tags",
    title="TagBinding",
    long_title="TagsTagBinding",
    fields={
        "parent": text(required=True, replaces=True),
        "tagValue": text(required=True, replaces=True, read=False),
        "name": text(output=True, sent=False, from_wire=_after_collection),
        "deletionPolicy": kept_deletion_policy(),
    },
    id="tagBindings/{name}",
    import_ids=("tagBindings/(?P<name>.+)", "(?P<name>.+)"),
    create=Call("POST", "tagBindings"),
    read=Call("GET", "tagBindings/", {"parent": "{parent}", "pageSize": "300"}),
    delete=Call("DELETE", "tagBindings/{name}"),
    operations=True,
    named_by_google=True,
    encode=_by_id_or_name,
)


class _BindingLifecycle(Lifecycle):
    """A binding has no address to read it at: it is looked for among those of its parent."""

    @override
    def id(self, properties: Mapping[str, Value]) -> str:
        # An import keeps the id without the collection.
        return str(properties.get("id") or super().id(properties))

    @override
    async def imported(self, context: Context, resource_id: str) -> Properties | None:
        found = self.identity(context, resource_id)
        if found is None:
            return None
        parent, *value = found["name"].split("/")
        if len(value) != len(("tagValues", "NUMBER")):
            said = "Should be in form {{parent}}/{{tag_type}}/{{tag_value}}"
            raise PluginError(f"Error parsing binding name. {said}")
        return {**found, "parent": unquote(parent), "tagValue": "/".join(value), "id": found["name"]}

    @override
    async def read(self, context: Context, properties: Properties) -> State | None:
        try:
            answer = await self._call(context, self.resource.read, properties)
        except GoogleError as error:
            if error.code in (403, 404):
                return None
            raise
        for item in answer.get("tagBindings", []):
            if _after_collection(item["name"]) == properties["name"]:
                state = self._state(context, item, properties)
                return State(self.id({**properties, **state.properties}), state.properties)
        return None


LIFECYCLE = _BindingLifecycle(TAG_BINDING)
