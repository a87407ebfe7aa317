"""Ways to spend that a project's settings leave open to its callers."""

from landing_zone.gemini.methods import can_create_caches
from landing_zone.pricing.exposure import Doors
from landing_zone.settings.types import ProjectSettings


def doors_of(project: ProjectSettings) -> Doors:
    """Doors that a project's keys leave open, and the assumed queries per request.

    A caller with IAM rights on the project needs no key: it is assumed that none abuses them.
    """
    can_cache = not project.keys or any(can_create_caches(key.methods) for key in project.keys.values())
    return Doors(caches=can_cache, queries=project.searches_per_request)
