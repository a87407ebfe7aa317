"""`make sbom`: a CycloneDX bill of what is pinned. The same pins give the same bytes: no time, no random number."""

import json
import tomllib
import uuid
from collections.abc import Iterable
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from sandbox.engine import build
from sandbox.errors import SandboxError
from sandbox.lock import GUARD
from sandbox.supply_chain.pins import Pin, Pins, cli_archives, go_modules, read_all
from sandbox.venv import POLICY_PACK

PINNED_IN = "gemini-landing-zone:pinned-in"
RUNS = ("requirements.txt", POLICY_PACK.installs, GUARD)
"""The requirement files of what runs; the other is for tests and checks."""


def bill(root: Path) -> str:
    """The bill of materials of the repository at `root`, as CycloneDX 1.6 in JSON.

    Python packages from the requirement files, and the Pulumi CLI with the Go modules that it is built from. Raises
    SandboxError when a requirement file has something that is not pinned.
    """
    files = read_all(root)
    if mistakes := [mistake for pins in files for mistake in pins.mistakes]:
        raise SandboxError("Not everything is pinned:\n" + "\n".join(f"  {each}" for each in mistakes))
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    bom = Bom()
    root_component = Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        bom_ref=project["name"],
    )
    bom.metadata.component = root_component
    direct = [*_add_packages(bom, files), _add_cli(bom)]
    bom.register_dependency(root_component, direct)
    content = json.loads(JsonV1Dot6(bom).output_as_string())
    del content["metadata"]["timestamp"], content["serialNumber"]
    # An identity of these pins, in place of a random one.
    identity = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(content, sort_keys=True))
    return json.dumps({**content, "serialNumber": identity.urn}, indent=2, sort_keys=True) + "\n"


def _add_packages(bom: Bom, files: list[Pins]) -> list[Component]:
    """Add the Python packages, with who needs whom; returns those that the project itself asks for."""
    pinned_in: dict[PackageURL, list[str]] = {}
    pins: dict[PackageURL, Pin] = {}
    for file in files:
        for pin in file.pins:
            pinned_in.setdefault(_purl(pin), []).append(file.file)
            pins[_purl(pin)] = pin
    components = {
        purl: Component(
            name=pin.name,
            version=pin.version,
            purl=purl,
            bom_ref=purl.to_string(),
            scope=ComponentScope.REQUIRED if set(pinned_in[purl]) & set(RUNS) else ComponentScope.EXCLUDED,
            hashes=_hashes(pin.hashes),
            properties=[Property(name=PINNED_IN, value=file) for file in pinned_in[purl]],
        )
        for purl, pin in pins.items()
    }
    direct: dict[PackageURL, Component] = {}
    needs: dict[PackageURL, list[Component]] = {purl: [] for purl in components}
    for file in files:
        purls = {pin.name: _purl(pin) for pin in file.pins}
        for pin in file.pins:
            for parent in pin.needed_by:
                if (needing := purls.get(canonicalize_name(parent))) is not None:
                    needs[needing].append(components[_purl(pin)])
                elif not parent.startswith("-c "):
                    direct[_purl(pin)] = components[_purl(pin)]
    for purl, component in components.items():
        bom.components.add(component)
        bom.register_dependency(component, needs[purl])
    return list(direct.values())


def _add_cli(bom: Bom) -> Component:
    """Add the Pulumi CLI, with its release archives' digests, and its Go modules; returns the CLI."""
    version = build.pinned_version()
    purl = PackageURL("github", "pulumi", "pulumi", f"v{version}")
    cli = Component(
        name="pulumi",
        version=version,
        type=ComponentType.APPLICATION,
        purl=purl,
        bom_ref=purl.to_string(),
        # A machine can have a CLI of its own.
        scope=ComponentScope.OPTIONAL,
        hashes=_hashes(cli_archives().values()),
        properties=[Property(name=PINNED_IN, value="sandbox/engine/archives.sha256")],
    )
    modules = []
    for module in go_modules():
        namespace, _, name = module.path.rpartition("/")
        purl = PackageURL("golang", namespace, name, module.version)
        modules.append(
            Component(
                name=module.path,
                version=module.version,
                purl=purl,
                bom_ref=purl.to_string(),
                scope=ComponentScope.OPTIONAL,
                hashes=_hashes([module.digest]),
                properties=[Property(name=PINNED_IN, value="sandbox/engine/go.sum")],
            )
        )
    for component in (cli, *modules):
        bom.components.add(component)
    bom.register_dependency(cli, modules)
    return cli


def _purl(pin: Pin) -> PackageURL:
    return PackageURL("pypi", None, pin.name, pin.version)


def _hashes(digests: Iterable[str]) -> list[HashType]:
    return [HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in digests if digest]
