"""The Pulumi CLI from Pulumi's own installer, through the Automation API. Needs the open internet."""

import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.steps import step

INSTALLER = "https://get.pulumi.com/install.sh"
PROBE_TIMEOUT_S = 4
INSTALL_TIMEOUT_S = 600

# In a process of its own: `PulumiCommand.install` knows no time-out.
_SCRIPT = """
import sys
from pulumi.automation import PulumiCommand
from semver import VersionInfo
PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
"""


def install(version: str, folder: Path) -> None:
    """Install the CLI `version` and what ships with it into `folder`/bin.

    Raises SandboxError when the installer cannot be reached, fails, or hangs.
    """
    with step("Ask for Pulumi's installer") as current:
        reason = _unreachable()
        current.outcome = reason
    if reason:
        raise SandboxError(f"Pulumi's installer cannot be reached ({INSTALLER}: {reason})")
    with step(f"Install the Pulumi CLI {version} with Pulumi's installer"):
        try:
            subprocess.run(
                [sys.executable, "-c", _SCRIPT, folder, version],
                capture_output=True,
                text=True,
                timeout=INSTALL_TIMEOUT_S,
                check=True,
            )
        except subprocess.TimeoutExpired:
            raise SandboxError(f"Pulumi's installer took over {INSTALL_TIMEOUT_S} s") from None
        except subprocess.CalledProcessError as error:
            last = (error.stderr.strip() or "no message").splitlines()[-1]
            raise SandboxError(f"Pulumi's installer failed: {last}") from None


def _unreachable() -> str:
    """The reason why the installer cannot be reached; empty if it can. Uses the environment's proxies."""
    try:
        with urllib.request.urlopen(INSTALLER, timeout=PROBE_TIMEOUT_S):
            return ""
    except urllib.error.URLError as error:
        return str(error.reason)
    except OSError as error:
        return str(error)
