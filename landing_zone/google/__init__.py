"""Google's clients, with their errors in words."""
