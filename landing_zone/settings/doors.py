"""Ways to spend that a project's settings leave open to its callers."""

from landing_zone.pricing.exposure import Doors
from landing_zone.settings.types import ProjectSettings


def doors_of(project: ProjectSettings) -> Doors:
    """Whether callers can make caches, and how many queries a request is assumed to make.

    A caller with IAM rights on the project needs no key: it is assumed that none abuses them.
    """
    return Doors(caches=True, queries=project.searches_per_request)
