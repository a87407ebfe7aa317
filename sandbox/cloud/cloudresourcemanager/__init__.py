"""Resource Manager v1, v2 (folders only) and v3. Every other service asks it about projects."""

from functools import partial

from sandbox.cloud.cloudresourcemanager import handlers_v1, handlers_v2, handlers_v3, models, seed
from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service

SERVICE = Service(
    name="cloudresourcemanager",
    apis=(
        Api(partial(discovery.methods, "cloudresourcemanager", "v1"), handlers_v1.handlers),
        Api(partial(discovery.methods, "cloudresourcemanager", "v2"), handlers_v2.handlers),
        Api(partial(discovery.methods, "cloudresourcemanager", "v3"), handlers_v3.handlers),
    ),
    schema=models.SCHEMA,
    seed=seed.seed,
)
