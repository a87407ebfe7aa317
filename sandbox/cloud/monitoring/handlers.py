"""Cloud Monitoring v3 (channels, alert policies, time series) and v1 (dashboards)."""

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import listing, masks
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument, not_found
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.monitoring import channels, custom, dashboards, models, policies, timeseries
from sandbox.cloud.monitoring.listing import page, project_of

v3 = Handlers()
v1 = Handlers()


def _selected(call: Call, kind: str, found: list[JsonObject]) -> list[JsonObject]:
    return listing.selected(found, call.query.get("filter", ""), call.method, kind)


def _patched(call: Call, current: JsonObject) -> JsonObject:
    """The resource with what the request's mask names; without a mask, the request's in whole."""
    mask = call.query.get("updateMask", "")
    if not mask:
        return {**call.body, "name": current["name"]}
    return masks.apply(masks.parse(mask, call.message), current, call.body)


@v3("monitoring.projects.notificationChannelDescriptors.list")
def list_channel_descriptors(call: Call) -> JsonObject:
    """The kinds of channels."""
    above = f"projects/{project_of(call).project_id}"
    found = [{"id": kind, **channels.described(above, kind)} for kind in channels.KINDS]
    return page(call, "channelDescriptors", found)


@v3("monitoring.projects.notificationChannelDescriptors.get")
def get_channel_descriptor(call: Call) -> JsonObject:
    """A kind of channels."""
    above = f"projects/{project_of(call).project_id}"
    if call.ids[1] not in channels.KINDS:
        raise not_found(f"notificationChannelDescriptors/{call.ids[1]} was not found.")
    return channels.described(above, call.ids[1])


@v3("monitoring.projects.notificationChannels.create")
def create_channel(call: Call) -> JsonObject:
    """Create a channel."""
    project = project_of(call)
    identifier = models.new_id(call.store)
    channel = {
        **call.body,
        "name": f"projects/{project.project_id}/{models.CHANNELS}/{identifier}",
        "enabled": call.body.get("enabled", True),
        "creationRecord": models.stamp(call.now),
        "mutationRecords": [models.stamp(call.now)],
    }
    channels.check(channel)
    models.save(call.store, project.number, models.CHANNELS, identifier, channel)
    return channels.shown(channel)


@v3("monitoring.projects.notificationChannels.get")
def get_channel(call: Call) -> JsonObject:
    """A channel."""
    return channels.shown(models.find(call.store, project_of(call).number, models.CHANNELS, call.ids[1]))


@v3("monitoring.projects.notificationChannels.list")
def list_channels(call: Call) -> JsonObject:
    """The channels of a project."""
    found = models.listed(call.store, project_of(call).number, models.CHANNELS)
    shown = [channels.shown(channel) for channel in found]
    return page(call, models.CHANNELS, _selected(call, models.CHANNELS, shown))


@v3("monitoring.projects.notificationChannels.patch")
def patch_channel(call: Call) -> JsonObject:
    """Change a channel."""
    project = project_of(call)
    current = models.find(call.store, project.number, models.CHANNELS, call.ids[1])
    changed = {
        **_patched(call, current),
        "name": current["name"],
        "creationRecord": current["creationRecord"],
        "mutationRecords": [models.stamp(call.now)],
    }
    changed.setdefault("enabled", True)
    if changed.get("type") != current["type"]:
        raise invalid_argument("Field 'type' cannot be changed.")
    channels.check(changed)
    models.save(call.store, project.number, models.CHANNELS, call.ids[1], changed)
    return channels.shown(changed)


@v3("monitoring.projects.notificationChannels.delete")
def delete_channel(call: Call) -> JsonObject:
    """Delete a channel; with force also from the policies that name it."""
    project = project_of(call)
    name = models.find(call.store, project.number, models.CHANNELS, call.ids[1])["name"]
    models.release_channel(call.store, project.number, name, force=bool(call.query.get("force")))
    models.delete(call.store, project.number, models.CHANNELS, call.ids[1])
    return {}


def _policy(call: Call, project: projects.Project, identifier: str, body: JsonObject) -> JsonObject:
    name = f"projects/{project.project_id}/{models.POLICIES}/{identifier}"
    policy = {**body, "name": name, "enabled": body.get("enabled", True)}
    policies.check(call.store, project.number, policy)
    policy["conditions"] = [
        {"name": f"{name}/conditions/{models.new_id(call.store)}", **condition}
        for condition in policy["conditions"]
    ]
    return policy


@v3("monitoring.projects.alertPolicies.create")
def create_policy(call: Call) -> JsonObject:
    """Create an alert policy."""
    project = project_of(call)
    identifier = models.new_id(call.store)
    policy = _policy(call, project, identifier, call.body)
    policy |= {"creationRecord": models.stamp(call.now), "mutationRecord": models.stamp(call.now)}
    models.save(call.store, project.number, models.POLICIES, identifier, policy)
    return policy


@v3("monitoring.projects.alertPolicies.get")
def get_policy(call: Call) -> JsonObject:
    """An alert policy."""
    return models.find(call.store, project_of(call).number, models.POLICIES, call.ids[1])


@v3("monitoring.projects.alertPolicies.list")
def list_policies(call: Call) -> JsonObject:
    """The alert policies of a project."""
    found = models.listed(call.store, project_of(call).number, models.POLICIES)
    found = _selected(call, models.POLICIES, found)
    answer = page(call, models.POLICIES, found)
    return {**answer, "totalSize": len(found)} if found else answer


@v3("monitoring.projects.alertPolicies.patch")
def patch_policy(call: Call) -> JsonObject:
    """Change an alert policy."""
    project = project_of(call)
    current = models.find(call.store, project.number, models.POLICIES, call.ids[1])
    policy = _policy(call, project, call.ids[1], _patched(call, current))
    policy |= {"creationRecord": current["creationRecord"], "mutationRecord": models.stamp(call.now)}
    models.save(call.store, project.number, models.POLICIES, call.ids[1], policy)
    return policy


@v3("monitoring.projects.alertPolicies.delete")
def delete_policy(call: Call) -> JsonObject:
    """Delete an alert policy."""
    models.delete(call.store, project_of(call).number, models.POLICIES, call.ids[1])
    return {}


@v3("monitoring.projects.timeSeries.list")
def list_time_series(call: Call) -> JsonObject:
    """The time series of a project that a filter selects."""
    return timeseries.listed(call.store, project_of(call), call.query, call.now)


@v3("monitoring.projects.timeSeries.create")
def create_time_series(call: Call) -> JsonObject:
    """Write points of custom metrics."""
    custom.create(call.store, project_of(call), call.body, call.now)
    return {}


@v1("monitoring.projects.dashboards.create")
def create_dashboard(call: Call) -> JsonObject:
    """Create a dashboard; its name may give its id."""
    project = project_of(call)
    identifier = call.body.get("name", "").rpartition("/")[2] or models.new_id(call.store)
    models.require_free(call.store, project.number, models.DASHBOARDS, identifier)
    name = f"projects/{project.number}/{models.DASHBOARDS}/{identifier}"
    dashboard = dashboards.made(name, call.body, call.message)
    models.save(call.store, project.number, models.DASHBOARDS, identifier, dashboard)
    return dashboard


@v1("monitoring.projects.dashboards.get")
def get_dashboard(call: Call) -> JsonObject:
    """A dashboard."""
    return models.find(call.store, project_of(call).number, models.DASHBOARDS, call.ids[1])


@v1("monitoring.projects.dashboards.list")
def list_dashboards(call: Call) -> JsonObject:
    """The dashboards of a project."""
    return page(
        call, models.DASHBOARDS, models.listed(call.store, project_of(call).number, models.DASHBOARDS)
    )


@v1("monitoring.projects.dashboards.patch")
def patch_dashboard(call: Call) -> JsonObject:
    """Replace a dashboard; an etag that is not the current one is refused."""
    project = project_of(call)
    current = models.find(call.store, project.number, models.DASHBOARDS, call.ids[1])
    if call.body.get("etag") not in (None, "", current["etag"]):
        raise CloudError("ABORTED", "The etag does not match the current etag of the dashboard.")
    dashboard = dashboards.made(current["name"], call.body, call.message)
    models.save(call.store, project.number, models.DASHBOARDS, call.ids[1], dashboard)
    return dashboard


@v1("monitoring.projects.dashboards.delete")
def delete_dashboard(call: Call) -> JsonObject:
    """Delete a dashboard."""
    models.delete(call.store, project_of(call).number, models.DASHBOARDS, call.ids[1])
    return {}
