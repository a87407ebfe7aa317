"""RSA keys, their files and certificates.

Import it when a key is needed, and not before: the package behind it takes a while.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Pair:
    """A key's private half and its certificate, in PEM."""

    private: str
    certificate: str


def made(bits: int, name: str) -> Pair:
    """A new key, whose certificate is for `name`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return Pair(pem(key), certificate(key, name))


def pem(key: rsa.RSAPrivateKey) -> str:
    """The private key, unencrypted (PKCS #8)."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def certificate(key: rsa.RSAPrivateKey, common_name: str) -> str:
    """A certificate that the key has signed itself, in PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Whoever checks signatures looks at their own times; the clock of the local cloud may be anywhere.
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What the certificate of an RSA key says: the bits of the key, and from when to when it is valid."""

    bits: int
    begin: datetime
    end: datetime


def uploaded(text: str) -> Uploaded | None:
    """What a certificate says; None if the text is no certificate of an RSA key."""
    if public_of(text) is None:
        return None
    read = x509.load_pem_x509_certificate(text.encode())
    key = read.public_key()
    bits = key.key_size if isinstance(key, rsa.RSAPublicKey) else 0
    return Uploaded(bits, read.not_valid_before_utc, read.not_valid_after_utc)


def public_of(text: str) -> str | None:
    """The public key of a certificate, both in PEM; None if the text is no certificate of an RSA key."""
    try:
        key = x509.load_pem_x509_certificate(text.encode()).public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        return None
    if not isinstance(key, rsa.RSAPublicKey):
        return None
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
