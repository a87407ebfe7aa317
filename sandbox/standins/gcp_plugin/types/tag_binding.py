"""A tag value bound to a project, a folder or an organization."""

from typing_extensions import override

from sandbox.standins.gcp_plugin.google import GoogleError
from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import Call, Resource, Value, kept_deletion_policy, text


def _after_collection(name: Value) -> Value:
    return str(name).removeprefix("tagBindings/")


TAG_BINDING = Resource(
    urn_type="gcp:tags/tagBinding:TagBinding",
    service="tags",
    title="TagBinding",
    long_title="TagsTagBinding",
    fields={
        "parent": text(required=True, replaces=True),
        "tagValue": text(required=True, replaces=True),
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
)


class _BindingLifecycle(Lifecycle):
    """A binding has no address to read it at: it is looked for among those of its parent."""

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
                return self._state(context, item, properties)
        return None


LIFECYCLE = _BindingLifecycle(TAG_BINDING)
