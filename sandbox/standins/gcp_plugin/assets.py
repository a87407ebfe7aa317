"""The file that is sent for an asset or an archive.

An archive is sent as a zip file. Its bytes depend on the contents alone, so that the same contents have the same MD5.
Source: sdk/go/common/resource/{asset,archive} of Pulumi.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from sandbox.standins.gcp_plugin.errors import PluginError
from sandbox.standins.gcp_plugin.schema import ARCHIVE, ASSET, SIGNATURE

_WRITTEN: Final = (1990, 1, 1, 0, 0, 0)
"""The time of every file in an archive, as Pulumi writes it."""


def content_of(value: Mapping[str, Any]) -> bytes:
    """The bytes of the file that stands for an asset or an archive.

    Raises:
        PluginError: it cannot be read.
    """
    try:
        if value.get(SIGNATURE) == ASSET:
            return _asset(value)
        path = value.get("path")
        if path and Path(path).suffix == ".zip":
            return Path(path).read_bytes()
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in sorted(_members(value, "")):
                entry = zipfile.ZipInfo(name, _WRITTEN)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, content)
        return target.getvalue()
    except OSError as error:
        raise PluginError(f"failed to open {error.filename}: {error.strerror}") from None


def _asset(value: Mapping[str, Any]) -> bytes:
    if value.get("path"):
        return Path(value["path"]).read_bytes()
    if value.get("uri"):
        raise _fetched(value)
    return str(value.get("text") or "").encode()


def _members(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, bytes]]:
    """The files of an archive, by their names in it."""
    if value.get("uri"):
        raise _fetched(value)
    if value.get("path"):
        folder = Path(value["path"])
        if not folder.is_dir():
            raise PluginError(f"the stand-in gcp plugin makes archives of folders alone; {folder} is none")
        yield from (
            (prefix + file.relative_to(folder).as_posix(), file.read_bytes())
            for file in folder.rglob("*")
            if file.is_file() and ".pulumi" not in file.relative_to(folder).parts
        )
    for name, part in (value.get("assets") or {}).items():
        if part.get(SIGNATURE) == ARCHIVE:
            yield from _members(part, f"{prefix}{name}/")
        else:
            yield prefix + name, _asset(part)


def _fetched(value: Mapping[str, Any]) -> PluginError:
    return PluginError(f"the stand-in gcp plugin fetches no assets from the network: {value['uri']}")
