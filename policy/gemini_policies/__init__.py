"""The policies of `landing_zone.policies` as a Pulumi policy pack: reads resources, reports violations to Pulumi."""
