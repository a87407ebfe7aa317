"""The policies of `landing_zone.policies` as a Pulumi policy pack: resources in, Pulumi's violations out."""
