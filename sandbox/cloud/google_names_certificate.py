"""The certificate by which the local cloud answers to Google's names, for clients that are set up to trust it.

Import it when it is needed, and not before: the package behind it takes a while.
"""

from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.cloud.core import local_state
from sandbox.cloud.core.store import Store

_STATE: Final = "googleNames"
_NAME: Final = "*.googleapis.com"


def with_key(store: Store) -> str:
    """Key and certificate in PEM; made when they are first needed, and then the same after a restart."""
    kept: str | None = local_state.get(store, _STATE, None)
    if kept is None:
        kept = _made()
        local_state.put(store, _STATE, kept)
    return kept


def certificate(store: Store) -> str:
    """The certificate alone, in PEM."""
    _, begin, rest = with_key(store).partition("-----BEGIN CERTIFICATE-----")
    return begin + rest


def _made() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{_NAME} of the local cloud")])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    # It vouches for itself and for nothing else: no certificate below it is valid.
    signs = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2049, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(_NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signs, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (private + certificate.public_bytes(serialization.Encoding.PEM)).decode()
