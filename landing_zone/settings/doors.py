"""Ways to spend that a project's settings leave open to its callers."""

from landing_zone.gemini.methods import CREATES_CACHES, any_key_calls
from landing_zone.pricing.exposure import Doors
from landing_zone.settings.types import ProjectSettings


def doors_of(project: ProjectSettings) -> Doors:
    """Doors that a project's keys leave open, and the assumed queries per request.

    A caller with IAM rights on the project needs no key: it is assumed that none abuses them.
    """
    caches = any_key_calls((key.methods for key in project.keys.values()), CREATES_CACHES)
    return Doors(caches=caches, queries=project.searches_per_request)
