"""The settings of `gemini-lz bootstrap`: what its flags and the stack file of the program `bootstrap/` say."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import Field, StrictBool, StrictInt, ValidationError

from landing_zone.names import BOOTSTRAP_PROJECT, account_domain
from landing_zone.printing import counted
from landing_zone.settings import bootstrap_fields, fields
from landing_zone.settings.base import Whole, fields_of, known_keys, plain_type
from landing_zone.settings.examples import example_of
from landing_zone.settings.problems import Problem
from landing_zone.settings.translate import UNKNOWN_KEY, reason_and_remedy, unknown_key

RUNNER: Final = "gemini-lz"
"""The id of the service account that runs stacks, of the workload identity pool and of the key ring."""
PREVIEWER: Final = "gemini-lz-preview"
KEY: Final = "state"

_KMS_LOCATIONS: Final = {"US": "us", "EU": "europe", "ASIA": "asia"}


class BootstrapSettings(Whole):
    """What runs stacks, and where their state is."""

    seed: fields.ProjectId = Field(
        description="ID of the seed project: calls count against it, and it has the state.",
        examples=["acme-gemini-seed"],
    )
    parent: fields.Parent | None = Field(
        None,
        description="The folder or organization that stacks create projects in, and the seed project's.",
        examples=["folders/987654321098"],
    )
    organization: fields.Organization | None = Field(
        None,
        description="The organization of `parent`, which has the custom roles. Default: looked up.",
        examples=["organizations/123456789012"],
    )
    billing_account: fields.BillingAccount | None = Field(
        None, description="The account that pays.", examples=["01A2B3-C4D5E6-F7A8B9"]
    )
    adopt: StrictBool = Field(
        False,
        description="Use a seed project that exists, and leave it as it is otherwise.",
        examples=["true"],
    )
    location: bootstrap_fields.Location = Field(
        "US", description="Where the bucket and the key are.", examples=["EU", "europe-west3"]
    )
    bucket: bootstrap_fields.Bucket | None = Field(
        None,
        description="The bucket of the state. Default: the seed project's ID and -state.",
        examples=["acme-gemini-state"],
    )
    versions: StrictInt = Field(
        100,
        ge=10,
        le=10_000,
        description="Earlier versions that the bucket keeps of each file.",
        examples=["100"],
    )
    operators: tuple[bootstrap_fields.Operator, ...] = Field(
        (),
        description="Who may act as the service account that runs stacks.",
        examples=["[group:gemini-platform@example.com]"],
    )
    github: bootstrap_fields.GitHubRepository | None = Field(
        None, description="The repository of GitHub whose workflows run stacks.", examples=["acme/gemini"]
    )
    gitlab: bootstrap_fields.GitLabProject | None = Field(
        None, description="The project of GitLab whose pipelines run stacks.", examples=["acme/gemini"]
    )
    gitlab_url: bootstrap_fields.GitLabUrl = Field(
        "https://gitlab.com", description="Your own GitLab.", examples=["https://gitlab.example.com"]
    )
    branch: bootstrap_fields.Branch = Field(
        "main",
        description="The branch whose workflows and pipelines may change something.",
        examples=["main"],
    )
    preview_account: StrictBool = Field(
        False,
        description="A second account, for previews and for drift: it changes nothing, and reads the state.",
        examples=["true"],
    )
    forbid_unrestricted_keys: StrictBool = Field(
        False, description="What the setting forbidUnrestrictedKeys needs.", examples=["true"]
    )
    tags: StrictBool = Field(False, description="What the setting `tags` needs.", examples=["true"])
    guard: StrictBool = Field(
        False,
        description="What the spend guard needs: its APIs, and that stacks may grant roles in the seed project.",
        examples=["true"],
    )

    @property
    def bucket_name(self) -> str:
        """The bucket of the state."""
        return self.bucket or f"{self.seed}-state"

    @property
    def backend(self) -> str:
        """The URL of the state, for Pulumi."""
        return f"gs://{self.bucket_name}"

    @property
    def key_ring(self) -> str:
        """The key ring's full name."""
        place = _KMS_LOCATIONS.get(self.location, self.location)
        return f"projects/{self.seed}/locations/{place}/keyRings/{RUNNER}"

    @property
    def key(self) -> str:
        """The full name of the key that encrypts the state's secrets."""
        return f"{self.key_ring}/cryptoKeys/{KEY}"

    @property
    def secrets_provider(self) -> str:
        """The key, as `pulumi stack init --secrets-provider` takes it."""
        return f"gcpkms://{self.key}"

    def account(self, account_id: str) -> str:
        """The e-mail address of a service account of the seed project."""
        return f"{account_id}@{account_domain(self.seed)}"


_KINDS: Final = {field.alias: plain_type(field.annotation) for field in fields_of(BootstrapSettings).values()}


class BootstrapSettingsError(Exception):
    """The settings are wrong. Has every mistake at once, each with its flag."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        head = f"{counted(len(problems), 'mistake')}; nothing was created."
        lines = (f"{flag_of(each)}\n    {each.reason}\n    {each.remedy}" for each in problems)
        super().__init__("\n".join([head, *lines]))


def flag_of(problem: Problem) -> str:
    """The flag of a setting, which takes precedence over the stack file."""
    return _flag(str(problem.path[0]))


def load_bootstrap(values: Mapping[str, Any]) -> BootstrapSettings:
    """The settings from their names, as the stack file spells them. Raises BootstrapSettingsError."""
    values = {name: _decoded(name, value) for name, value in values.items()}
    problems = list(_relations(values))
    try:
        settings = BootstrapSettings.model_validate(values)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            key = str(detail["loc"][0])
            if detail["type"] == "missing":
                problems.append(_missing(key))
            elif detail["type"] in UNKNOWN_KEY:
                problems.append(Problem((key,), *unknown_key(key, known_keys(BootstrapSettings))))
            else:
                problems.append(Problem((key,), *reason_and_remedy(detail, BootstrapSettings)))
        settings = None
    if problems or settings is None:
        raise BootstrapSettingsError(problems)
    return settings


def load_bootstrap_engine(stack: str, config: Mapping[str, str]) -> BootstrapSettings:
    """The settings as Pulumi's engine hands them to the program. Raises BootstrapSettingsError.

    `stack`: its name is the seed project's ID.
    """
    prefix = f"{BOOTSTRAP_PROJECT}:"
    own = {key.removeprefix(prefix): text for key, text in config.items() if key.startswith(prefix)}
    return load_bootstrap({"seed": stack, **own})


def _decoded(name: str, value: Any) -> Any:
    """A value that is no text: the engine hands it over as JSON, and Pulumi writes `true` as a text into the file."""
    if not isinstance(value, str) or _KINDS.get(name, str) is str:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _relations(values: Mapping[str, Any]) -> Iterator[Problem]:
    parent = values.get("parent")
    if not parent:
        for key in ("github", "gitlab", "previewAccount", "forbidUnrestrictedKeys", "tags"):
            if values.get(key):
                yield Problem(
                    (key,),
                    "without an organization there is no account that runs stacks: Google lets a service account "
                    "create projects in an organization alone",
                    f"write --parent {example_of('parent', BootstrapSettings)}, or leave {_flag(key)} out",
                )
    if not values.get("billingAccount") and (parent or not values.get("adopt")):
        yield _missing("billingAccount")
    if values.get("organization") and not parent:
        yield _missing("parent")


def _missing(key: str) -> Problem:
    field = next(each for each in fields_of(BootstrapSettings).values() if each.alias == key)
    what = str(field.description).rstrip(".")
    return Problem(
        (key,), "it is missing", f"write {_flag(key)} {example_of(key, BootstrapSettings)} ({what})"
    )


def _flag(key: str) -> str:
    return "--" + re.sub(r"[A-Z]", lambda letter: f"-{letter[0].lower()}", key)
