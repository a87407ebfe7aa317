"""A stand-in for Pulumi's `gcp` provider: the same requests and checks, for the resource types used here."""
