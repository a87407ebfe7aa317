"""The local cloud on a state, without sockets: the server serves it, tests call it within their own process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.cloud.app import Application
from sandbox.cloud.core import late
from sandbox.cloud.core.faults import Faults
from sandbox.cloud.core.journal import Journal
from sandbox.cloud.core.service import Service
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.timeline import Timeline
from sandbox.cloud.core.timings import Timings
from sandbox.cloud.iam import identities
from sandbox.cloud.pending import Pending


@dataclass(frozen=True, slots=True)
class Assembled:
    """The parts that answer calls."""

    application: Application
    journal: Journal
    faults: Faults
    timings: Timings
    timeline: Timeline


def assemble(
    services: Sequence[Service], behind: Sequence[Service], store: Store, fill: Callable[[Store], None]
) -> Assembled:
    """Put the local cloud together on a state that is not in use; `fill` makes the first world of an empty one.

    Raises:
        StoreUnusableError: the state is in use, or not one of this version.
    """
    store.on_project_created = [hook for service in services if (hook := service.on_project_created)]
    store.on_policy_set = [check for service in services if (check := service.on_policy_set)]
    store.on_service_enabled = [made for service in services if (made := service.on_service_enabled)]
    store.parents = {kind: above for service in services for kind, above in service.parents.items()}
    store.on_project_deleted = [hook for service in services if (hook := service.on_project_deleted)]
    store.prepare([service.schema for service in (*services, *behind)], fill)
    identities.load(store)
    late.load(store)
    journal, faults = Journal(), Faults(store)
    pending = Pending(services, store, Timings(store))
    timeline = Timeline(store, [pending.job, *(each.job for each in (*services, *behind) if each.job)])
    timeline.load()
    store.now = timeline.now
    application = Application(services, store, journal, faults, timeline, pending)
    return Assembled(application, journal, faults, pending.timings, timeline)
