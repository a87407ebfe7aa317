"""A change of stack files and of the policies' configuration: its effect on money, limits, keys and policies."""
