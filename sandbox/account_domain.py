"""The domain of the addresses of a project's service accounts."""


def account_domain(project_id: str) -> str:
    """`acme-chat.iam.gserviceaccount.com`; for a domain-scoped project, `example.com:bot`, the domain comes last."""
    return f"{'.'.join(reversed(project_id.split(':')))}.iam.gserviceaccount.com"
