"""Cloud Scheduler v1, method by method."""

from sandbox.cloud.cloudresourcemanager import locations
from sandbox.cloud.cloudscheduler import models
from sandbox.cloud.core import masks, paging
from sandbox.cloud.core.errors import JsonObject, invalid_argument
from sandbox.cloud.core.service import Call, Handlers

handlers = Handlers()

_JOBS = "cloudscheduler.projects.locations.jobs"


def _job(call: Call) -> models.Job:
    above = models.parent(call.store, call.ids[0], call.ids[1])
    return models.require(call.store, f"{above}/jobs/{call.ids[2]}")


@handlers(f"{_JOBS}.create")
def create(call: Call) -> JsonObject:
    """Create a job."""
    above = models.parent(call.store, call.ids[0], call.ids[1])
    return models.create(call.store, above, call.body, call.now).as_json()


@handlers(f"{_JOBS}.get")
def get(call: Call) -> JsonObject:
    """A job."""
    return _job(call).as_json()


@handlers(f"{_JOBS}.list")
def list_(call: Call) -> JsonObject:
    """The jobs of a location."""
    above = models.parent(call.store, call.ids[0], call.ids[1])
    jobs = models.of_parent(call.store, above)
    page, token = paging.requested(call.query, default=500, maximum=500).cut(jobs, lambda job: job.name)
    return ({"jobs": [job.as_json() for job in page]} if page else {}) | token


@handlers(f"{_JOBS}.patch")
def patch(call: Call) -> JsonObject:
    """Change what the mask names; without one, what is given."""
    job = _job(call)
    mask = call.query.get("updateMask", "")
    paths = masks.parse(mask, call.message) if mask else [(name,) for name in call.body]
    paths = [path for path in paths if path[0] != "name"]
    if not paths:
        raise invalid_argument("The update mask names nothing to change.", "update_mask")
    return models.change(call.store, job, masks.apply(paths, job.body, call.body), call.now).as_json()


@handlers(f"{_JOBS}.delete")
def delete(call: Call) -> JsonObject:
    """Delete a job."""
    models.delete(call.store, _job(call))
    return {}


@handlers(f"{_JOBS}.pause")
def pause(call: Call) -> JsonObject:
    """Stop a job until it is resumed."""
    return models.pause(call.store, _job(call), call.now).as_json()


@handlers(f"{_JOBS}.resume")
def resume(call: Call) -> JsonObject:
    """Let a job run again."""
    return models.resume(call.store, _job(call), call.now).as_json()


@handlers(f"{_JOBS}.run")
def run(call: Call) -> JsonObject:
    """Let a job run at once."""
    return models.run_now(call.store, _job(call), call.now).as_json()


@handlers("cloudscheduler.projects.locations.list")
def list_locations(call: Call) -> JsonObject:
    """Some locations, for the tools that ask."""
    return locations.listed(call)
