"""Cloud Storage JSON API v1: buckets with their policies, objects with their generations, uploads and downloads."""

from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.storage import handlers_buckets, handlers_objects, methods, permissions, tables, uploads

__all__ = ["SERVICE", "handlers_objects", "uploads"]  # read for their handlers

SERVICE = Service(
    name="storage",
    apis=(Api(methods.methods, methods.handlers),),
    schema=tables.SCHEMA,
    permissions=permissions.PERMISSIONS,
    denied=permissions.denied,
    on_project_deleted=handlers_buckets.forget_project,
    max_body=64 * 1024 * 1024,
    emulated=True,
    merge_patches=True,
)
