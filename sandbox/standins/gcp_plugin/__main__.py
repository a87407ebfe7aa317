"""`pulumi-resource-gcp [ENGINE]`: serve the engine until it goes."""

from importlib import import_module

from sandbox.standins.protocol import load_without_sdk

load_without_sdk()
import_module("sandbox.standins.gcp_plugin.service").main()
