"""What a stack calls its keys, budgets and caps at Google by default: they are recognized by it later."""


def key_title(project_id: str, key: str) -> str:
    """The display name of a key, by its name in the stack file."""
    return f"{project_id} {key}"


def budget_title(project_id: str) -> str:
    """The display name of a project's budget."""
    return f"{project_id} Gemini API"


def cap_title(project_id: str) -> str:
    """The display name of a project's spend cap."""
    return f"{budget_title(project_id)} cap"
