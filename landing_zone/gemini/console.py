"""Links to the pages of the Cloud console and AI Studio where a project's Gemini use is seen."""

from landing_zone.gemini import GEMINI_API

_CONSOLE = "https://console.cloud.google.com"


def console_links(project_id: str, billing_account: str | None) -> dict[str, str]:
    """Page name -> address: `usage`, `quotas`, `keys`, and `billing` for a project with a billing account."""
    api = f"{_CONSOLE}/apis/api/{GEMINI_API}"
    links = {
        "usage": f"{api}/metrics?project={project_id}",
        "quotas": f"{api}/quotas?project={project_id}",
        "keys": f"{_CONSOLE}/apis/credentials?project={project_id}",
        "studio": f"https://aistudio.google.com/usage?project={project_id}",
    }
    if billing_account:
        links["billing"] = f"{_CONSOLE}/billing/{billing_account}/reports?project={project_id}"
    return links
