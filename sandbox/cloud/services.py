"""The services of the local Google Cloud, in the order of their ports. Append only: scripts count on the order."""

from sandbox.cloud.billingbudgets import SERVICE as BILLINGBUDGETS
from sandbox.cloud.cloudbilling import SERVICE as CLOUDBILLING
from sandbox.cloud.cloudresourcemanager import SERVICE as CLOUDRESOURCEMANAGER
from sandbox.cloud.core.service import Service

SERVICES: tuple[Service, ...] = (
    CLOUDRESOURCEMANAGER,
    CLOUDBILLING,
    BILLINGBUDGETS,
)
