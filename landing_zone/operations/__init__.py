"""Runs Pulumi from outside, by its Automation API: update, preview, refresh, destroy, recovery after a kill."""
