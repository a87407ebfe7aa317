"""`python -m sandbox.cloud`: run the local Google Cloud."""

import argparse
import sys
from pathlib import Path

from sandbox.cloud.core.store import StoreUnusableError
from sandbox.cloud.server import PortTakenError, serve
from sandbox.cloud.services import SERVICES

_EXAMPLE = """\
example:
  python -m sandbox.cloud --db .sandbox/cloud.db --ready-file .sandbox/cloud.json
  curl -H 'Authorization: Bearer any' http://127.0.0.1:8440/cloudbilling/v1/billingAccounts
"""


def _whole_number(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def main() -> int:
    """Returns the exit status: 0 after SIGINT or SIGTERM, 3 if a port or the database is not available."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.cloud",
        description="A local Google Cloud on 127.0.0.1: the APIs that Gemini projects need, with state in one file.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--db", type=Path, required=True, metavar="FILE", help="the state; made if it is not there"
    )
    parser.add_argument(
        "--ready-file",
        type=Path,
        required=True,
        metavar="FILE",
        help="written, as JSON with the ports, once it serves",
    )
    parser.add_argument(
        "--port",
        type=_whole_number,
        default=8440,
        metavar="N",
        help="main port (default 8440); each service also has one of the ports after it; 0 takes free ports",
    )
    parser.add_argument(
        "--latency-ms", type=_whole_number, default=0, metavar="N", help="let every API call wait this long"
    )
    parser.add_argument(
        "--write-quotas",
        action="store_true",
        help="enforce Google's quotas on writes: projects 10 in 10 s, API keys 120 and budgets 100 in a minute",
    )
    arguments = parser.parse_args()
    try:
        serve(
            SERVICES,
            arguments.db,
            arguments.ready_file,
            arguments.port,
            latency=arguments.latency_ms / 1000,
            write_quotas=arguments.write_quotas,
        )
    except (PortTakenError, StoreUnusableError) as error:
        sys.stderr.write(f"local cloud: {error}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
