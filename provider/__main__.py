"""The plugin `gemini-landing-zone`, as Pulumi's engine starts it: `python provider ENGINE`."""

import sys
from pathlib import Path

# The engine starts this folder from any working directory; the library is beside it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from provider.serve import serve
from provider.servicer import Servicer

serve(Servicer)
