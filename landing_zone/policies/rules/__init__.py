"""The policies, one a file: a new one is written, and named in `landing_zone.policies.catalogue`."""
