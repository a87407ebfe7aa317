"""The plugin for programs in any language, as Pulumi's engine starts it: `python components ENGINE`.

It serves the components and the provider's resources in one package, so that a component's resources find their
provider.
"""

import sys
from pathlib import Path
from typing import Any

# The engine starts this folder from any working directory; the library is beside it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from google.protobuf.json_format import MessageToDict
from pulumi.provider.server import ProviderServicer

from components.construct import Components
from components.schema import with_components
from provider.package import VERSION, schema
from provider.serve import serve
from provider.servicer import Servicer


class ComponentServicer(Servicer):
    """The provider's service, with the components added."""

    def schema(self) -> dict[str, Any]:
        """The package's schema."""
        return with_components(schema())

    async def Construct(self, request: Any, context: Any) -> Any:
        """Create a component."""
        urns = sorted({urn for found in request.inputDependencies.values() for urn in found.urns})
        components = Components(VERSION, MessageToDict(request.inputs), urns)
        return await ProviderServicer(components, [], self._engine_address).Construct(request, context)


serve(ComponentServicer)
