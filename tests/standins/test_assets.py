"""The files that the stand-in sends for assets and archives."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sandbox.standins.gcp_plugin.assets import content_of
from sandbox.standins.gcp_plugin.errors import PluginError
from sandbox.standins.gcp_plugin.schema import ARCHIVE, ASSET, SIGNATURE
from sandbox.standins.gcp_plugin.types.bucket_object import content_type


def asset(**parts: Any) -> dict[str, Any]:
    return {SIGNATURE: ASSET, **parts}


def archive(**parts: Any) -> dict[str, Any]:
    return {SIGNATURE: ARCHIVE, **parts}


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_an_archive_has_all_files_below_it_and_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    package = tmp_path / "guard"
    (package / "web").mkdir(parents=True)
    (package / "web" / "__init__.py").write_text("")
    (package / "app.py").write_text("PORT = 8080\n")
    (package / ".pulumi").mkdir()
    (package / ".pulumi" / "kept-out").write_text("of Pulumi itself")
    parts = {
        "main.py": asset(text="import guard\n"),
        "guard": archive(path=str(package)),
        "requirements.txt": asset(path=str(package / "app.py")),
    }
    content = content_of(archive(assets=parts))
    assert unpacked(content) == {
        "guard/app.py": b"PORT = 8080\n",
        "guard/web/__init__.py": b"",
        "main.py": b"import guard\n",
        "requirements.txt": b"PORT = 8080\n",
    }
    assert content_of(archive(assets=dict(reversed(parts.items())))) == content

    # A zip file is sent as it is.
    (tmp_path / "ready.zip").write_bytes(content)
    assert content_of(archive(path=str(tmp_path / "ready.zip"))) == content


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (asset(path="nowhere.txt"), "failed to open nowhere.txt: No such file or directory"),
        (archive(path="nowhere"), "makes archives of folders alone; nowhere is none"),
        (asset(uri="https://example.com/a"), "fetches no assets from the network: https://example.com/a"),
        (archive(assets={"a": archive(uri="https://example.com/a")}), "fetches no assets from the network"),
    ],
)
def test_what_it_cannot_send_is_refused(value: dict[str, Any], reason: str) -> None:
    with pytest.raises(PluginError, match=reason):
        content_of(value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "text/plain; charset=utf-8"),
        ('{"café": 1}\n'.encode(), "text/plain; charset=utf-8"),
        (b"PK\x03\x04rest", "application/zip"),
        (b"\x1f\x8b\x08rest", "application/x-gzip"),
        (b"\x00\x01", "application/octet-stream"),
        (b"text" * 200 + b"\x00", "text/plain; charset=utf-8"),  # the first 512 bytes count
    ],
)
def test_the_type_of_a_file_is_the_one_that_go_finds(content: bytes, expected: str) -> None:
    assert content_type(content) == expected
