"""Where things lie. All state of the sandbox is under one folder that git ignores; only the CLI's cache is not."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Layout:
    """The places of one sandbox: the program it deploys, and the folder of its state."""

    program: Path
    """The folder of Pulumi.yaml."""
    state: Path
    """The sandbox's own folder; removing it forgets the sandbox."""

    @property
    def database(self) -> Path:
        """What the local cloud holds."""
        return self.state / "cloud.sqlite"

    @property
    def ready_file(self) -> Path:
        """The local cloud's process and ports, while it serves."""
        return self.state / "cloud.json"

    @property
    def cloud_log(self) -> Path:
        """What the local cloud prints."""
        return self.state / "cloud.log"

    @property
    def backend(self) -> Path:
        """Pulumi's state of the stack."""
        return self.state / "pulumi"

    def pulumi_home(self, provider: str) -> Path:
        """What the CLI keeps beside the state: plugins, and which stack is selected. One for each gcp plugin."""
        return self.state / "home" / provider

    @property
    def gcloud(self) -> Path:
        """gcloud's configuration, so that the user's own stays as it is."""
        return self.state / "gcloud"


SANDBOX = Layout(program=ROOT, state=ROOT / ".sandbox")
"""What `make up` works on."""
