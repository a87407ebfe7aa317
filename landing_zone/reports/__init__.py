"""Costs of an environment, as estimates, exposures and reports. No Pulumi, no Google client."""
