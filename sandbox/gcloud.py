"""gcloud on the local cloud: with a configuration of its own, it asks neither Google nor for the user's login."""

import json
from pathlib import Path

from sandbox.cloud.endpoints import ACCESS_TOKEN, environment
from sandbox.files import private_folder, write_atomically
from sandbox.local_cloud import HOST, Ready, call


def tools_environment(ready: Ready, folder: Path) -> dict[str, str]:
    """The variables for all of Google's tools and a running local cloud; writes gcloud's files into `folder`."""
    private_folder(folder)
    token, certificate = folder / "access-token", folder / "google-names.pem"
    write_atomically(token, ACCESS_TOKEN)
    write_atomically(certificate, json.loads(call(ready, "GET", "/_local/certificate"))["certificate"])
    # gcloud forms regions' hosts and full names of resources from an API's address, so that it gets none.
    clients = {
        name: value
        for name, value in environment(ready).items()
        if not name.startswith("CLOUDSDK_API_ENDPOINT_OVERRIDES_")
    }
    return {
        **clients,
        "CLOUDSDK_CONFIG": str(folder),
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token),
        "CLOUDSDK_CORE_PROJECT": "sandbox-seed",
        # It finds all of them behind this proxy, and nothing else.
        "CLOUDSDK_PROXY_TYPE": "socks5",
        "CLOUDSDK_PROXY_ADDRESS": HOST,
        "CLOUDSDK_PROXY_PORT": str(ready["proxy"]),
        "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": str(certificate),
        # These go to Google by ways of their own.
        "CLOUDSDK_CORE_CHECK_GCE_METADATA": "false",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        "CLOUDSDK_SURVEY_DISABLE_PROMPTS": "true",
    }
