"""The key that ID tokens are signed with, and its certificate.

Import it when a token is signed or checked, and not before: the package behind it takes a while.
"""

from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import NameOID

from sandbox.cloud.core.store import Store

_BITS: Final = 2048


def kid_of(store: Store) -> str:
    """The id of the key, which is made when it is first needed."""
    return _signing_key(store)[0]


def sign(store: Store, signed: bytes) -> bytes:
    """The signature of some bytes (RS256)."""
    return _signing_key(store)[1].sign(signed, PKCS1v15(), hashes.SHA256())


def is_signed(store: Store, signed: bytes, signature: bytes) -> bool:
    """Whether a signature is this key's."""
    try:
        _signing_key(store)[1].public_key().verify(signature, signed, PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def certificate(store: Store) -> str:
    """The certificate of the key, in PEM."""
    return _certificate(_signing_key(store)[1])


def numbers(store: Store) -> tuple[int, int]:
    """Modulus and exponent of the public key."""
    found = _signing_key(store)[1].public_key().public_numbers()
    return found.n, found.e


def _signing_key(store: Store) -> tuple[str, rsa.RSAPrivateKey]:
    row = store.row("SELECT kid, pem FROM signing_keys")
    if row is not None:
        return row["kid"], _loaded(row["pem"])
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    kid = sha256(pem.encode()).hexdigest()[:40]
    store.run("INSERT INTO signing_keys VALUES (?, ?)", kid, pem)
    return kid, key


@lru_cache(maxsize=8)
def _loaded(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the signing key is no RSA key")
    return key


@lru_cache(maxsize=8)
def _certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "federated-signon.local-cloud")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Whoever checks tokens looks at their own times; the clock of the local cloud may be anywhere.
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
