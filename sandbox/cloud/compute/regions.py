"""Regions, their zones, and the range of their subnetwork in a network of auto mode.

Source: https://cloud.google.com/compute/docs/regions-zones and https://cloud.google.com/vpc/docs/subnets
("Auto mode IPv4 ranges"), as of 2026-11-20.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Region:
    """A region: the second number of its range (`10.128.0.0/20`), and the letters of its zones."""

    second: int
    zones: str = "abc"

    @property
    def ip_range(self) -> str:
        """The range of its subnetwork."""
        return f"10.{self.second}.0.0/20"

    @property
    def gateway(self) -> str:
        """The address of the subnetwork's gateway."""
        return f"10.{self.second}.0.1"


REGIONS: Final[Mapping[str, Region]] = {
    "africa-south1": Region(218),
    "asia-east1": Region(140),
    "asia-east2": Region(170),
    "asia-northeast1": Region(146),
    "asia-northeast2": Region(174),
    "asia-northeast3": Region(178),
    "asia-south1": Region(160),
    "asia-south2": Region(190),
    "asia-southeast1": Region(148),
    "asia-southeast2": Region(184),
    "australia-southeast1": Region(152),
    "australia-southeast2": Region(192),
    "europe-central2": Region(186),
    "europe-north1": Region(166),
    "europe-north2": Region(226),
    "europe-southwest1": Region(204),
    "europe-west1": Region(132, "bcd"),
    "europe-west10": Region(214),
    "europe-west12": Region(210),
    "europe-west2": Region(154),
    "europe-west3": Region(156),
    "europe-west4": Region(164),
    "europe-west6": Region(172),
    "europe-west8": Region(198),
    "europe-west9": Region(200),
    "me-central1": Region(212),
    "me-central2": Region(216),
    "me-west1": Region(208),
    "northamerica-northeast1": Region(162),
    "northamerica-northeast2": Region(188),
    "northamerica-south1": Region(224),
    "southamerica-east1": Region(158),
    "southamerica-west1": Region(194),
    "us-central1": Region(128, "abcf"),
    "us-east1": Region(142, "bcd"),
    "us-east4": Region(150),
    "us-east5": Region(202),
    "us-south1": Region(206),
    "us-west1": Region(138),
    "us-west2": Region(168),
    "us-west3": Region(180),
    "us-west4": Region(182),
}

ZONES: Final[Mapping[str, str]] = {
    f"{name}-{letter}": name for name, region in REGIONS.items() for letter in region.zones
}
"""Each zone, with its region."""
