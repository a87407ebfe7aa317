"""The services of the local Google Cloud, in the order of their ports. Append only: scripts count on the order."""

from sandbox.cloud.apikeys import SERVICE as APIKEYS
from sandbox.cloud.billingbudgets import SERVICE as BILLINGBUDGETS
from sandbox.cloud.cloudbilling import SERVICE as CLOUDBILLING
from sandbox.cloud.cloudquotas import SERVICE as CLOUDQUOTAS
from sandbox.cloud.cloudresourcemanager import SERVICE as CLOUDRESOURCEMANAGER
from sandbox.cloud.core.service import Service
from sandbox.cloud.essentialcontacts import SERVICE as ESSENTIALCONTACTS
from sandbox.cloud.generativelanguage import SERVICE as GENERATIVELANGUAGE
from sandbox.cloud.iam import SERVICE as IAM
from sandbox.cloud.monitoring import SERVICE as MONITORING
from sandbox.cloud.orgpolicy import SERVICE as ORGPOLICY
from sandbox.cloud.pubsub import SERVICE as PUBSUB
from sandbox.cloud.secretmanager import SERVICE as SECRETMANAGER
from sandbox.cloud.serviceusage import SERVICE as SERVICEUSAGE

SERVICES: tuple[Service, ...] = (
    CLOUDRESOURCEMANAGER,
    CLOUDBILLING,
    BILLINGBUDGETS,
    SERVICEUSAGE,
    APIKEYS,
    CLOUDQUOTAS,
    MONITORING,
    GENERATIVELANGUAGE,
    PUBSUB,
    ESSENTIALCONTACTS,
    ORGPOLICY,
    SECRETMANAGER,
    IAM,
)
