"""IAM Service Account Credentials v1: access tokens of service accounts, for who may impersonate them."""

from functools import partial

from sandbox.cloud.core import discovery
from sandbox.cloud.core.service import Api, Service
from sandbox.cloud.iam.permissions import denied
from sandbox.cloud.iamcredentials import handlers

SERVICE = Service(
    name="iamcredentials",
    apis=(Api(partial(discovery.methods, "iamcredentials", "v1"), handlers.handlers),),
    permissions=handlers.PERMISSIONS,
    denied=denied,
)
