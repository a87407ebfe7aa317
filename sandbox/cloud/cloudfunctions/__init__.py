"""Cloud Functions v2: functions that are deployed from an archive and really run, each in processes of its own.

`models` has what the API says of them, `processes` runs them, and `gateway` answers at their addresses.
"""

from functools import partial

from sandbox.cloud.cloudfunctions import handlers, models, operations, permissions, sources
from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service

SERVICE = Service(
    name="cloudfunctions",
    apis=(
        Api(partial(discovery.methods, "cloudfunctions", "v2"), handlers.handlers),
        # gcloud asks for functions of the first generation too, of which there are none.
        Api(partial(discovery.methods, "cloudfunctions", "v1"), handlers.first_generation),
    ),
    schema=models.SCHEMA + operations.SCHEMA + sources.SCHEMA,
    permissions=permissions.PERMISSIONS,
    denied=permissions.denied,
    on_project_deleted=models.forget_project,
)
