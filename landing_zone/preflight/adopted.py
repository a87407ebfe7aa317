"""Projects that exist: what they have already that a stack would meet."""

from collections.abc import Iterator
from typing import Final

from landing_zone.google.errors import GoogleError
from landing_zone.google.tiers import link_of
from landing_zone.names import cap_title
from landing_zone.preflight import project_ids
from landing_zone.preflight.findings import Finding, Level
from landing_zone.preflight.subject import Subject
from landing_zone.preflight.tiers import free_but_linked

_FIREBASE: Final = "firebasevertexai.googleapis.com"


def check(subject: Subject, name: str) -> Iterator[Finding]:
    """Findings about one adopted project. Raises GoogleError."""
    project = subject.adopted[name]
    project_id, path = project.project_id, subject.at("projects", name, "projectId")
    try:
        services = subject.services(project_id)
        link = link_of(subject.google, project_id)
    except GoogleError as error:
        if error.hides:
            return  # the check of permissions reports it
        raise
    if _FIREBASE in services:
        yield Finding(
            "firebase-open",
            Level.WARNING,
            f"Firebase AI Logic is on in {project_id}: apps call the Gemini API through it without the stack's keys",
            "disable it if no app uses it; if one does, enforce App Check: limits hold for it, keys do not",
            f"gcloud services disable {_FIREBASE} --project={project_id}",
            path,
        )
    account = project.billing_account
    if project.tier == "free" and link.account:
        yield free_but_linked(subject, name, link.account)
    if project.tier == "paid" and link.account and link.account != account:
        yield Finding(
            "other-account",
            Level.WARNING,
            f"{project_id} is linked to the billing account {link.account}: gemini-lz up links it to {account}, which "
            "then pays for all that is in it",
            f"write billingAccount: {link.account} for it to stay",
            path=path,
        )


def check_cap(subject: Subject, name: str) -> Iterator[Finding]:
    """Findings about a spend cap that a project has already. Raises GoogleError."""
    project = subject.settings.projects[name]
    live = project_ids.seen(subject).get(project.project_id, {})
    account, budget = project.billing_account, project.budget
    if not live or not account or not budget or not budget.spend_cap or budget.spend_cap.adopt:
        return
    names = {project.project_id, str(live.get("projectNumber"))}
    cap = next((each for each in subject.caps(account) if each.project in names), None)
    if cap and cap.display_name != (budget.spend_cap.name or cap_title(project.project_id)):
        yield Finding(
            "second-cap",
            Level.ERROR,
            f"{project.project_id} has a spend cap already, {cap.display_name!r}, and Google allows one a project",
            "write spendCap: {adopt: true} to take it over",
            path=subject.at("projects", name, "budget", "spendCap"),
        )
