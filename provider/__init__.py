"""A Pulumi provider for what pulumi-gcp lacks: spend caps, limits that hold on every tier, and the tier in force."""
