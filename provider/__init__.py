"""A Pulumi provider for what pulumi-gcp lacks: spend caps, limits that last, and the tier that is in force."""
