"""One policy per file, which defines it as `POLICY`. `landing_zone.policies.every_policy` finds the files."""
