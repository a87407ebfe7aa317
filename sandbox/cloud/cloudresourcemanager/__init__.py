"""Resource Manager v1, v2 (folders only) and v3. Every other service asks it about projects."""

from functools import partial

from sandbox.cloud.cloudresourcemanager import (
    folders,
    handlers_v1,
    handlers_v2,
    handlers_v3,
    liens,
    models,
    permissions,
    seed,
    tags,
)
from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.orgpolicy import legacy

handlers_v1.handlers.by_id.update({**liens.handlers.by_id, **legacy.handlers.by_id})
handlers_v3.handlers.by_id.update({**tags.handlers.by_id, **liens.handlers.by_id})

SERVICE = Service(
    name="cloudresourcemanager",
    apis=(
        Api(partial(discovery.methods, "cloudresourcemanager", "v1"), handlers_v1.handlers),
        Api(partial(discovery.methods, "cloudresourcemanager", "v2"), handlers_v2.handlers),
        Api(partial(discovery.methods, "cloudresourcemanager", "v3"), handlers_v3.handlers),
    ),
    schema=models.SCHEMA + tags.SCHEMA + liens.SCHEMA,
    permissions=permissions.PERMISSIONS,
    parents={
        "projects": permissions.project_parent,
        "folders": permissions.folder_parent,
        "tagKeys": tags.parent_of,
        "tagValues": tags.parent_of,
    },
    on_project_deleted=tags.forget_project,
    purges={models.PROJECTS: models.purge_project, folders.FOLDERS: folders.purge},
    seed=seed.seed,
)
