"""An essential contact of a project, a folder or an organization."""

from typing import Any

from sandbox.standins.gcp_plugin.schema import Call, Resource, Value, kept_deletion_policy, text, texts


def _without_address(body: Value, plan: Any) -> Value:
    """An update leaves the address out: it never changes."""
    return {name: value for name, value in body.items() if name != "email" or not plan.get("name")}


CONTACT = Resource(
    urn_type="gcp:essentialcontacts/contact:Contact",
    service="essentialcontacts",
    title="Contact",
    long_title="EssentialContactsContact",
    fields={
        "email": text(required=True, replaces=True),
        "notificationCategorySubscriptions": texts(required=True),
        "languageTag": text(required=True),
        "name": text(output=True, sent=False),
        "parent": text(required=True, replaces=True, sent=False, read=False),
        "deletionPolicy": kept_deletion_policy(),
    },
    id="{name}",
    import_ids=("(?P<name>(?P<parent>[^/]+/[^/]+)/[^/]+/[^/]+)",),
    named_by_google=True,
    create=Call("POST", "{parent}/contacts"),
    read=Call("GET", "{name}"),
    update=Call("PATCH", "{name}"),
    delete=Call("DELETE", "{name}"),
    masked=True,
    encode=_without_address,
)
