"""The spend guard: a function that reads what projects use and were billed, and lowers, stops and restores."""
