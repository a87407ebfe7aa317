"""A Pulumi provider for what pulumi-gcp lacks: spend caps, limits that last, and the tier that is in force."""

from provider.package import NAME, RESOURCES, VERSION

__all__ = ["NAME", "RESOURCES", "VERSION"]
