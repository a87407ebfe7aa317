"""State of live projects: as facts for the policies, or compared with the last update."""
