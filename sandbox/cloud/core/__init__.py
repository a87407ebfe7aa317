"""What every service of the local Google Cloud shares: routing, validation, errors, state."""
