"""The parts that all services of the local Google Cloud share: routing, validation, errors, state."""
