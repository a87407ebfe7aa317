"""What an environment costs: its settings priced, as estimates, exposures and reports. No Pulumi, no Google client."""
