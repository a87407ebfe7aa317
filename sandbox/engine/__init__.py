"""The real Pulumi engine on any machine: found, installed, or built, with the stand-ins it needs beside it.

`get_engine` returns the CLI to use. It looks, in this order, at a `pulumi` on PATH that is new enough, at the
per-user cache, whose digests it checks, at Pulumi's release archive (`archives.sha256` here pins its checksum), and
last builds the CLI from Go modules (`go.mod` and `go.sum` here pin them).
"""

from sandbox.engine.cli import Engine, get_engine, pinned_engine, search_path

__all__ = ["Engine", "get_engine", "pinned_engine", "search_path"]
