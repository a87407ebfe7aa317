"""The state of all stacks: a bucket that keeps earlier versions, and a key that encrypts the secrets in it."""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_gcp import kms, storage

from bootstrap.options import options
from bootstrap.seed import Seed
from landing_zone.settings.bootstrap import KEY, RUNNER, BootstrapSettings

_ROTATION: Final = "7776000s"
"""90 days. What was encrypted with an earlier version of the key stays readable."""


@dataclass(frozen=True)
class State:
    """The bucket and the key."""

    settings: BootstrapSettings
    bucket: storage.Bucket
    key: kms.CryptoKey

    def grant_writer(self, name: str, member: str, after: list[pulumi.Resource]) -> None:
        """Let a member read and write the state, and encrypt and decrypt its secrets."""
        self._grant(
            name, member, "roles/storage.objectUser", "roles/cloudkms.cryptoKeyEncrypterDecrypter", after
        )

    def grant_reader(self, name: str, member: str, after: list[pulumi.Resource]) -> None:
        """Let a member read the state with its secrets, without which Pulumi previews nothing."""
        self._grant(name, member, "roles/storage.objectViewer", "roles/cloudkms.cryptoKeyDecrypter", after)

    def _grant(
        self, name: str, member: str, on_bucket: str, on_key: str, after: list[pulumi.Resource]
    ) -> None:
        storage.BucketIAMMember(
            f"{name}--state",
            bucket=self.settings.bucket_name,
            role=on_bucket,
            member=member,
            opts=options([self.bucket, *after]),
        )
        kms.CryptoKeyIAMMember(
            f"{name}--state",
            crypto_key_id=self.settings.key,
            role=on_key,
            member=member,
            opts=options([self.key, *after]),
        )


def make_state(settings: BootstrapSettings, seed: Seed) -> State:
    """Create the bucket and the key."""
    bucket = storage.Bucket(
        "state",
        project=settings.seed,
        name=settings.bucket_name,
        location=settings.location.upper(),
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        versioning=storage.BucketVersioningArgs(enabled=True),
        lifecycle_rules=[
            storage.BucketLifecycleRuleArgs(
                action=storage.BucketLifecycleRuleActionArgs(type="Delete"),
                condition=storage.BucketLifecycleRuleConditionArgs(
                    num_newer_versions=settings.versions, with_state="ARCHIVED"
                ),
            )
        ],
        force_destroy=False,
        # A bucket never moves: one that existed stays where it is.
        opts=options(seed.ready, protect=True, ignore=["location"]),
    )
    ring = kms.KeyRing(
        "state",
        project=settings.seed,
        location=settings.key_ring.split("/")[3],
        name=RUNNER,
        opts=options(seed.ready, protect=True),
    )
    key = kms.CryptoKey(
        "state",
        key_ring=settings.key_ring,
        name=KEY,
        purpose="ENCRYPT_DECRYPT",
        rotation_period=_ROTATION,
        opts=options([ring], protect=True),
    )
    return State(settings, bucket, key)
