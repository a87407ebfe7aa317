"""A program of nothing but data: registers the resources in `resources.json`, with their references and delays."""

import json
from pathlib import Path
from typing import Any

import pulumi

# What only the update will know comes from an API of a project that has nothing to do with the others.
FREE = pulumi.CustomResource(
    "gcp:organizations/project:Project",
    "carrier",
    {
        "projectId": "acme-redteam-carrier",
        "name": "acme-redteam-carrier",
        "folderId": "987654321098",
        "labels": {"owner": "platform", "cost-centre": "cc-1"},
    },
    pulumi.ResourceOptions(protect=True),
)
LATER = pulumi.CustomResource(
    "gcp:projects/service:Service",
    "carrier",
    {"project": "acme-redteam-carrier", "service": "pubsub.googleapis.com"},
    pulumi.ResourceOptions(depends_on=[FREE]),
)
OUTPUTS = {
    "gcp:organizations/project:Project": ("number",),
    "gcp:serviceaccount/account:Account": ("email",),
}
made: dict[str, Any] = {}


def value(given: Any) -> Any:
    """A property: plain, a reference to another resource, or a value that no preview knows."""
    if isinstance(given, list):
        return [value(each) for each in given]
    if not isinstance(given, dict):
        return given
    if "$ref" in given:
        name, output, prefix = given["$ref"]
        return pulumi.Output.concat(prefix, getattr(made[name], output))
    if "$later" in given:
        # Neither an id nor a number is known before its resource is there.
        carrier = made[given["of"]].number if given["of"] else LATER.id
        return pulumi.Output.all(carrier, value(given["$later"])).apply(lambda both: both[1])
    return {name: value(each) for name, each in given.items()}


for each in json.loads((Path(__file__).parent / "resources.json").read_text()):
    after = [made[name] for name in each["after"]]
    made[each["name"]] = pulumi.CustomResource(
        each["type"],
        each["pulumi"],
        {**dict.fromkeys(OUTPUTS.get(each["type"], ())), **value(each["inputs"])},
        pulumi.ResourceOptions(protect=each["protect"], depends_on=after),
    )
