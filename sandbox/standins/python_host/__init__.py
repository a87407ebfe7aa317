"""A stand-in for Pulumi's Python language host, for a CLI that was built without one."""
