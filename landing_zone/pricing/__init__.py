"""Prices, and what they make of workloads and limits: estimates, exposures, limits from a budget. Pure: no I/O."""
