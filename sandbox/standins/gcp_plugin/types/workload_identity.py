"""Workload identity pools, and the providers by which others' identities come into them."""

import re
from collections.abc import Mapping

from typing_extensions import override

from sandbox.standins.gcp_plugin.google import Json
from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import (
    Call,
    Resource,
    Value,
    block,
    blocks,
    deletion_policy,
    flag,
    integer,
    mapping,
    project,
    text,
    texts,
)

_POOL = "projects/{project}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}"
_PROVIDER = f"{_POOL}/providers/{{workloadIdentityPoolProviderId}}"
_ID = re.compile(r"[0-9a-z-]+")
_ONE_OF = ("aws", "oidc", "saml", "x509")
_MODES = ("FEDERATION_ONLY", "TRUST_DOMAIN", "SYSTEM_TRUST_DOMAIN", "")
_ALGORITHMS = ("RSA_2048", "RSA_3072", "RSA_4096", "ECDSA_P256", "ECDSA_P384", "")


def _without_empty(body: Json, _: Mapping[str, Value]) -> Json:
    """A block that says nothing is sent as null."""
    return {name: None if value == {} else value for name, value in body.items()}


_CERTIFICATES = blocks({"pemCertificate": text()})


def _pool_problem(value: Value) -> tuple[str, ...]:
    return _id_problem(value, ", or end in '.svc.id.goog'")


def _id_problem(value: Value, also: str = "") -> tuple[str, ...]:
    form = f'"{{name}}" must contain only lowercase letters (a-z), numbers (0-9), or dashes (-){also}'
    found = {
        f'"{{name}}" ("{value}") can not start with "gcp-"': value.startswith("gcp-"),
        form: not _ID.fullmatch(value),
        '"{name}" cannot be smaller than 4 characters': len(value) < 4,
        '"{name}" cannot be greater than 32 characters': len(value) > 32,
    }
    return tuple(reason for reason, is_so in found.items() if is_so)


POOL = Resource(
    urn_type="gcp:iam/workloadIdentityPool:WorkloadIdentityPool",
    service="iam",
    title="WorkloadIdentityPool",
    long_title="IAMBetaWorkloadIdentityPool",
    fields={
        "displayName": text(),
        "description": text(),
        "disabled": flag(),
        "mode": text(computed=True, choices=_MODES),
        # They have calls of their own at Google, and a listing.
        "attestationRules": blocks({"googleCloudResource": text(required=True)}, sent=False),
        "inlineCertificateIssuanceConfig": block(
            {
                "caPools": mapping(),
                "keyAlgorithm": text(computed=True, choices=_ALGORITHMS),
                "lifetime": text(computed=True),
                "rotationWindowPercentage": integer(computed=True),
                "useDefaultSharedCa": flag(),
            },
            exactly_one=("caPools", "useDefaultSharedCa"),
        ),
        "inlineTrustConfig": block(
            {
                "additionalTrustBundles": blocks(
                    {
                        "trustAnchors": blocks({"pemCertificate": text(required=True)}, required=True),
                        "trustDefaultSharedCa": flag(),
                        "trustDomain": text(required=True),
                    }
                )
            }
        ),
        "workloadIdentityPoolId": text(
            required=True, replaces=True, sent=False, read=False, check=_pool_problem
        ),
        "name": text(output=True, sent=False),
        "state": text(output=True, sent=False),
        "project": project(),
        "deletionPolicy": deletion_policy(),
    },
    id=_POOL,
    import_ids=(
        "projects/(?P<project>[^/]+)/locations/global/workloadIdentityPools/(?P<workloadIdentityPoolId>[^/]+)",
        "(?P<project>[^/]+)/(?P<workloadIdentityPoolId>[^/]+)",
        "(?P<workloadIdentityPoolId>[^/]+)",
    ),
    create=Call(
        "POST",
        "projects/{project}/locations/global/workloadIdentityPools",
        {"workloadIdentityPoolId": "{workloadIdentityPoolId}"},
    ),
    read=Call("GET", _POOL),
    update=Call("PATCH", _POOL),
    delete=Call("DELETE", _POOL),
    masked=True,
    operations=True,
    encode=_without_empty,
)
PROVIDER = Resource(
    urn_type="gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
    service="iam",
    title="WorkloadIdentityPoolProvider",
    long_title="IAMBetaWorkloadIdentityPoolProvider",
    fields={
        "displayName": text(),
        "description": text(),
        "disabled": flag(),
        "attributeMapping": mapping(),
        "attributeCondition": text(),
        "aws": block({"accountId": text(required=True)}),
        "oidc": block(
            {
                "allowedAudiences": texts(),
                "issuerUri": text(required=True),
                "jwksJson": text(),
            },
            masks=("oidc.allowed_audiences", "oidc.issuer_uri", "oidc.jwks_json"),
        ),
        "saml": block({"idpMetadataXml": text(required=True)}),
        "x509": block(
            {
                "trustStore": block(
                    {"trustAnchors": _CERTIFICATES, "intermediateCas": _CERTIFICATES}, required=True
                )
            }
        ),
        "workloadIdentityPoolId": text(required=True, replaces=True, sent=False, read=False),
        "workloadIdentityPoolProviderId": text(
            required=True, replaces=True, sent=False, read=False, check=_id_problem
        ),
        "name": text(output=True, sent=False),
        "state": text(output=True, sent=False),
        "project": project(),
        "deletionPolicy": deletion_policy(),
    },
    id=_PROVIDER,
    import_ids=(
        "projects/(?P<project>[^/]+)/locations/global/workloadIdentityPools/(?P<workloadIdentityPoolId>[^/]+)"
        "/providers/(?P<workloadIdentityPoolProviderId>[^/]+)",
        "(?P<project>[^/]+)/(?P<workloadIdentityPoolId>[^/]+)/(?P<workloadIdentityPoolProviderId>[^/]+)",
        "(?P<workloadIdentityPoolId>[^/]+)/(?P<workloadIdentityPoolProviderId>[^/]+)",
    ),
    create=Call(
        "POST",
        f"{_POOL}/providers",
        {"workloadIdentityPoolProviderId": "{workloadIdentityPoolProviderId}"},
    ),
    read=Call("GET", _PROVIDER),
    update=Call("PATCH", _PROVIDER),
    delete=Call("DELETE", _PROVIDER),
    masked=True,
    operations=True,
    exactly_one=_ONE_OF,
)


class _SoftlyDeleted(Lifecycle):
    """What is deleted is there for 30 days more, and counts as gone."""

    @override
    async def read(self, context: Context, properties: Properties) -> State | None:
        state = await super().read(context, properties)
        return None if state is None or state.properties["state"] == "DELETED" else state


class _PoolLifecycle(Lifecycle):
    """The rules of attestation are read with the pool, though it has none."""

    @override
    async def read(self, context: Context, properties: Properties) -> State | None:
        state = await super().read(context, properties)
        if state is None:
            return None
        # They are asked for before the plugin looks whether the pool is deleted.
        await self._call(context, Call("GET", f"{_POOL}:listAttestationRules"), properties)
        return None if state.properties["state"] == "DELETED" else state


LIFECYCLES = (_PoolLifecycle(POOL), _SoftlyDeleted(PROVIDER))
