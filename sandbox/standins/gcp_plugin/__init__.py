"""A stand-in for Pulumi's official `gcp` plugin: the resource types used here, against a local Google Cloud.

It sends what the official plugin sends: the same methods, paths, queries, bodies, and the same order within a
resource. A resource type is a table of fields and requests in `types/`; one engine works on all of them.
"""
