"""The key that ID tokens are signed with, and its certificate.

Import it when a token is signed or checked, and not before: the package behind it takes a while.
"""

from functools import lru_cache
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from sandbox.cloud.core.store import Store
from sandbox.cloud.iam import rsa_keys

_BITS: Final = 2048
_NAME: Final = "federated-signon.local-cloud"


def kid_of(store: Store) -> str:
    """The id of the key, which is made when it is first needed."""
    return _signing_key(store)[0]


def sign(store: Store, signed: bytes) -> bytes:
    """The signature of some bytes (RS256)."""
    return _loaded(_signing_key(store)[1]).sign(signed, PKCS1v15(), hashes.SHA256())


def is_signed(store: Store, signed: bytes, signature: bytes) -> bool:
    """Whether a signature is this key's."""
    try:
        _loaded(_signing_key(store)[1]).public_key().verify(signature, signed, PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def certificate(store: Store) -> str:
    """The certificate of the key, in PEM."""
    return _certificate(_signing_key(store)[1])


def numbers(store: Store) -> tuple[int, int]:
    """Modulus and exponent of the public key."""
    found = _loaded(_signing_key(store)[1]).public_key().public_numbers()
    return found.n, found.e


def _signing_key(store: Store) -> tuple[str, str]:
    """The id of the key, and the key in PEM."""
    row = store.row("SELECT kid, pem FROM signing_keys")
    if row is not None:
        return row["kid"], row["pem"]
    pem = rsa_keys.pem(rsa.generate_private_key(public_exponent=65537, key_size=_BITS))
    kid = sha256(pem.encode()).hexdigest()[:40]
    store.run("INSERT INTO signing_keys VALUES (?, ?)", kid, pem)
    return kid, pem


@lru_cache(maxsize=8)
def _loaded(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the signing key is no RSA key")
    return key


@lru_cache(maxsize=8)
def _certificate(pem: str) -> str:
    """The same at every reading: a new one would have another serial number."""
    return rsa_keys.certificate(_loaded(pem), _NAME)
