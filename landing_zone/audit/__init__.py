"""Compliance of what exists: live projects, whoever made them, as the facts that policies judge."""
