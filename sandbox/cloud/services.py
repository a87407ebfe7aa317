"""The services of the local Google Cloud, in the order of their ports. Append only: scripts count on the order."""

from sandbox.cloud.apikeys import SERVICE as APIKEYS
from sandbox.cloud.billing_loop.loop import LOOP
from sandbox.cloud.billingbudgets import SERVICE as BILLINGBUDGETS
from sandbox.cloud.cloudasset import SERVICE as CLOUDASSET
from sandbox.cloud.cloudbilling import SERVICE as CLOUDBILLING
from sandbox.cloud.cloudfunctions import SERVICE as CLOUDFUNCTIONS
from sandbox.cloud.cloudkms import SERVICE as CLOUDKMS
from sandbox.cloud.cloudquotas import SERVICE as CLOUDQUOTAS
from sandbox.cloud.cloudresourcemanager import SERVICE as CLOUDRESOURCEMANAGER
from sandbox.cloud.cloudscheduler import SERVICE as CLOUDSCHEDULER
from sandbox.cloud.compute import SERVICE as COMPUTE
from sandbox.cloud.core import purges
from sandbox.cloud.core.service import Service
from sandbox.cloud.essentialcontacts import SERVICE as ESSENTIALCONTACTS
from sandbox.cloud.generativelanguage import SERVICE as GENERATIVELANGUAGE
from sandbox.cloud.iam import SERVICE as IAM
from sandbox.cloud.iamcredentials import SERVICE as IAMCREDENTIALS
from sandbox.cloud.logging import SERVICE as LOGGING
from sandbox.cloud.monitoring import SERVICE as MONITORING
from sandbox.cloud.monitoring.alerting import ALERTING
from sandbox.cloud.orgpolicy import SERVICE as ORGPOLICY
from sandbox.cloud.pubsub import SERVICE as PUBSUB
from sandbox.cloud.run import SERVICE as RUN
from sandbox.cloud.secretmanager import SERVICE as SECRETMANAGER
from sandbox.cloud.serviceusage import SERVICE as SERVICEUSAGE
from sandbox.cloud.storage import SERVICE as STORAGE

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
    IAMCREDENTIALS,
    STORAGE,
    CLOUDKMS,
    CLOUDSCHEDULER,
    CLOUDFUNCTIONS,
    RUN,
    LOGGING,
    COMPUTE,
    CLOUDASSET,
)

_PURGES = {kind: purge for service in SERVICES for kind, purge in service.purges.items()}

#: What works behind the services and has no API, and so no port.
BEHIND: tuple[Service, ...] = (LOOP, ALERTING, Service("purges", (), job=purges.job(_PURGES)))
