"""From what a stack file says to EnvironmentSettings, or to every mistake in it."""

import json
from base64 import b32encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path as FilePath
from typing import Any, Final, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from landing_zone.bounded_yaml import UnboundedError, check_json
from landing_zone.pricing.days import today
from landing_zone.settings.base import fields_of, known_keys, plain_type
from landing_zone.settings.derived_limits import derive_limits
from landing_zone.settings.examples import example_of
from landing_zone.settings.fields import ProjectKey
from landing_zone.settings.guard_stops import with_usual_lag
from landing_zone.settings.markers import Mark, marked
from landing_zone.settings.merge import budget_values, holds, project_values, values_taken_over
from landing_zone.settings.other_keys import engine_mistakes
from landing_zone.settings.problems import (
    MOST_FOUND,
    SPLIT,
    Path,
    Problem,
    SettingsError,
    nearest,
    setting_of_key,
)
from landing_zone.settings.relations import environment_problems, project_problems
from landing_zone.settings.relations_environment import plain_secrets, shared_problems
from landing_zone.settings.relations_identity import SUFFIX_LENGTH
from landing_zone.settings.source import StackFile, keys_of_program, read_stack_file
from landing_zone.settings.successors import with_successors
from landing_zone.settings.terms import AccountTermsSettings
from landing_zone.settings.translate import (
    UNKNOWN_KEY,
    model_at,
    reason_and_remedy,
    unknown_key,
)
from landing_zone.settings.types import (
    DERIVE,
    NOTHING_AGREED,
    Derivation,
    EnvironmentRules,
    EnvironmentSettings,
    ProjectSettings,
    StackFileSettings,
)
from landing_zone.settings.workload import DeriveSettings

_OWN_KEYS: Final = tuple(known_keys(EnvironmentRules))
ENVIRONMENT_KEYS: Final = tuple(known_keys(StackFileSettings))
_KINDS: Final = {
    field.alias or name: plain_type(field.annotation) for name, field in fields_of(StackFileSettings).items()
}
_MAPPINGS: Final = {key for key, kind in _KINDS.items() if get_origin(kind) is dict or known_keys(kind)}
_STRUCTURED: Final = {key for key, kind in _KINDS.items() if kind is not str}
"""Settings that the engine hands over as JSON."""
MAX_TAKEN_OVER: Final = 120_000
"""Keys and values that all projects together take over from the environment and its defaults."""
_PROJECT_KEY: Final[TypeAdapter[str]] = TypeAdapter(ProjectKey)


def load_file(
    stack: str, path: FilePath, day: date | None = None, *, keep_unfit: bool = False
) -> EnvironmentSettings:
    """The settings of a stack file. Raises SettingsError with every mistake in it.

    `day`: whose prices limits are derived from; today's if None. `keep_unfit`: a plan that does not fit what
    `limits.derive` allows is no mistake; the limits are the largest there are, and `unfit` says what is wrong.
    """
    file = read_stack_file(path)
    values = {name: _as_engine(name, value) for name, value in file.values.items()}
    return _checked(stack, replace(file, values=values), file.values, day or today(), keep_unfit=keep_unfit)


def load_project(name: str, values: Mapping[str, Any]) -> ProjectSettings:
    """The settings of one project by itself: channels and topics are named in full. Raises SettingsError."""
    combined = project_values({}, values)
    settings, derive, problems = _project(name, values, combined)
    if values.get("guard") not in (None, False):
        problems.append(
            Problem(
                ("projects", name, "guard"),
                "the guard is a function of an environment, and this is one project by itself",
                "leave guard out, or describe the project in a stack file (docs/guard.md)",
            )
        )
    if isinstance(combined, Mapping):
        problems += [replace(p, path=("projects", *p.path)) for p in environment_problems({name: combined})]
    if settings and derive and not problems:
        settings, problems = _with_derived(name, settings, derive, NOTHING_AGREED, today())
    if problems or settings is None:
        raise SettingsError([replace(problem, path=problem.path[2:]) for problem in problems])
    limits = with_successors(settings.limits, today())
    return _with_composed_id(settings.model_copy(update={"limits": limits}), "", name)


def load_engine(stack: str, config: Mapping[str, str], folder: FilePath) -> EnvironmentSettings:
    """The settings as Pulumi's engine hands them to a program.

    `config`: full keys (`gemini-landing-zone:projects`) to text, JSON where the value has structure.
    `folder`: where the stack files are; they lend the lines for messages, and the digits of numbers, which the engine
    reads as doubles. Raises SettingsError.
    """
    path = folder / f"Pulumi.{stack}.yaml"
    written: StackFile | None = None
    if path.is_file():
        # First: it knows the lines of what is too large to decode.
        written = read_stack_file(path, f"{folder.name}/{path.name}")
    wrong = list(engine_mistakes(config, keys_of_program(path)))
    if wrong and not (written and written.problems):
        raise SettingsError([replace(problem, file=f"Pulumi.{stack}.yaml") for problem in wrong])
    values = _handed(config, f"Pulumi.{stack}.yaml")
    if written is None:
        return _checked(stack, StackFile(f"Pulumi.{stack}.yaml", values), {}, today())
    # A key with nothing behind it is empty text to the engine.
    values = {n: None if v == "" and written.values.get(n, v) is None else v for n, v in values.items()}
    file = replace(written, values=_with_digits(values, written.values))
    return _checked(stack, file, written.values, today())


def _handed(config: Mapping[str, str], file: str) -> dict[str, Any]:
    """The settings among the keys of the engine's configuration. Raises SettingsError for what is too large."""
    values: dict[str, Any] = {}
    for key, text in config.items():
        name = setting_of_key(key)
        if name is not None:
            try:
                check_json(text)
            except UnboundedError as error:
                raise SettingsError([Problem((name,), str(error.problem), error.remedy, file)]) from None
            values[name] = _decoded(text) if name in _STRUCTURED else text
    return values


def _as_engine(name: str, value: Any) -> Any:
    """A value of the file as the engine would hand it over: `pulumi config set` writes `true` as a text."""
    if name not in _STRUCTURED or not isinstance(value, str):
        return value
    try:
        check_json(value)
    except UnboundedError:
        return value
    return _decoded(value)


def _decoded(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:  # also an integer of thousands of digits
        return text


def _with_digits(handed: Any, written: Any) -> Any:
    """The engine's values, with a number as the file has it where both are the same double."""
    if isinstance(handed, Mapping) and isinstance(written, Mapping):
        return {key: _with_digits(value, written.get(key)) for key, value in handed.items()}
    if isinstance(handed, list) and isinstance(written, list) and len(handed) == len(written):
        return [_with_digits(*pair) for pair in zip(handed, written, strict=True)]
    both_numbers = isinstance(handed, int | Decimal) and isinstance(written, Decimal)
    return written if both_numbers and _is_same_double(handed, written) else handed


def _is_same_double(one: int | Decimal, other: Decimal) -> bool:
    try:
        return float(one) == float(other)
    except OverflowError:  # an integer beyond all doubles
        return False


def _checked(
    stack: str, file: StackFile, written: Mapping[str, Any], day: date, *, keep_unfit: bool = False
) -> EnvironmentSettings:
    """`written`: the values as the file has them, in which secrets are encrypted. `day`: limits are derived for it."""
    values = file.values
    problems = list(islice(chain(file.problems, _environment(values), plain_secrets(written)), MOST_FOUND))
    raw = values.get("projects")
    _check_growth(values, len(raw) if isinstance(raw, Mapping) else 0, file)
    rules, found = _rules(values)
    problems += found
    projects: dict[str, ProjectSettings] = {}
    derivations: dict[str, Derivation] = {}
    unfit: dict[str, tuple[str, ...]] = {}
    merged: dict[str, Mapping[str, Any]] = {}
    for name, own in raw.items() if isinstance(raw, Mapping) else ():
        if len(problems) >= MOST_FOUND:
            break
        combined = project_values(values, own)
        if isinstance(combined, Mapping):
            merged[name] = combined
        settings, derive, found = _project(name, own, combined)
        if settings and derive and rules and not found:
            derive = with_usual_lag(derive, settings, rules.guard)
            derivations[name] = Derivation(settings=derive, by_hand=settings.limits)
            account = rules.account_terms.get(settings.billing_account or "", NOTHING_AGREED)
            derived, found = _with_derived(name, settings, derive, account, day)
            if keep_unfit and found and derived is not settings:
                unfit[name], found = tuple(f"{p.reason}. {p.remedy}" for p in found), []
            settings = derived
        if settings:
            settings = settings.model_copy(update={"limits": with_successors(settings.limits, day)})
        problems += [_at_home(problem, values) for problem in found]
        if settings:
            projects[name] = settings
    between = islice(environment_problems(merged), MOST_FOUND)
    problems += [replace(p, path=("projects", *p.path)) for p in between]
    for problem in islice(shared_problems(values, merged), MOST_FOUND):
        problems.append(_at_home(problem, values) if problem.path[0] == "projects" else problem)
    if problems or rules is None:
        # What is no value at all is one mistake, whatever its setting says of it; an unknown key is one besides.
        judged = {problem.path for problem in file.problems}
        later = (
            problem
            for problem in problems[len(file.problems) :]
            if problem.path not in judged or problem.reason == unknown_key(str(problem.path[-1]), [])[0]
        )
        raise SettingsError(_told_once(map(file.located, chain(file.problems, later))))
    composed = {name: _with_composed_id(settings, stack, name) for name, settings in projects.items()}
    return EnvironmentSettings(
        stack=stack, projects=composed, derivations=derivations, unfit=unfit, **dict(rules)
    )


def _check_growth(values: Mapping[str, Any], projects: int, file: StackFile) -> None:
    """Raises SettingsError where defaults and many projects multiply to more than is ever meant."""
    each = values_taken_over(values)
    if each * projects > MAX_TAKEN_OVER:
        problem = Problem(
            ("defaults",),
            f"{projects:,} projects take over {each:,} values each; {MAX_TAKEN_OVER:,} together are read",
            "write less under defaults, or split the environment into several stacks",
        )
        raise SettingsError([file.located(problem)])


def _with_derived(
    name: str, settings: ProjectSettings, derive: DeriveSettings, account: AccountTermsSettings, day: date
) -> tuple[ProjectSettings, list[Problem]]:
    """With the limits that `limits.derive` comes to; or what keeps it from coming to any."""
    derived, problems = derive_limits(settings, derive, account, day)
    if derived:
        settings = settings.model_copy(update={"limits": {**settings.limits, **derived.limits}})
    return settings, [replace(problem, path=("projects", name, *problem.path)) for problem in problems]


def _with_composed_id(settings: ProjectSettings, stack: str, name: str) -> ProjectSettings:
    """With the four characters that `idSuffix` asks for: the same for the same stack, project and word."""
    if not settings.id_suffix:
        return settings
    # The id was composed under the first name that the project had.
    first = settings.aliases[0] if settings.aliases else name
    origin = settings.stack_label or stack
    digest = sha256(f"{origin}/{first}/{settings.project_id}/{settings.id_suffix}".encode()).digest()
    suffix = b32encode(digest).decode().lower()[: SUFFIX_LENGTH - 1]
    return settings.model_copy(update={"project_id": f"{settings.project_id}-{suffix}"})


def _rules(values: Mapping[str, Any]) -> tuple[EnvironmentRules | None, list[Problem]]:
    """The environment's own settings, if they are right, and their mistakes."""
    own = {key: value for key, value in values.items() if key in _OWN_KEYS}
    shared = own.get("sharedBudgets")
    if isinstance(shared, Mapping):
        account = {"billingAccount": values["billingAccount"]} if "billingAccount" in values else {}
        own["sharedBudgets"] = {
            name: {**account, **budget_values(budget)} if isinstance(budget, Mapping) else budget
            for name, budget in shared.items()
        }
    try:
        return EnvironmentRules.model_validate(own), []
    except ValidationError as error:
        return None, _told(error, EnvironmentRules, ())


def _told(error: ValidationError, root: type[Any], at: Path) -> list[Problem]:
    """pydantic's errors as mistakes, with paths below `at`."""
    problems = []
    details = error.errors(include_url=False)[:MOST_FOUND]
    for detail in details:
        path = tuple(part for part in detail["loc"] if part != "[key]")
        model = model_at(root, path[:-1])
        if detail["type"] != "missing" or not _mistyped(path, model, details):
            problems.append(Problem((*at, *path), *reason_and_remedy(detail, model)))
    return problems


def _environment(values: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _unknown_without_value(values.get("defaults"), ProjectSettings, ("defaults",))
    for key, value in values.items():
        if key == SPLIT:
            yield _unended_split(value)
        elif key not in ENVIRONMENT_KEYS:
            yield Problem((key,), *unknown_key(key, ENVIRONMENT_KEYS))
        elif key in _MAPPINGS and not isinstance(value, Mapping):
            yield Problem(
                (key,),
                f"{key} is not a mapping",
                f"write lines of `name: …` below it, such as {key}: {example_of(key, StackFileSettings)}",
            )
    defaults = values.get("defaults")
    for key in marked(ProjectSettings, Mark.OWN):
        if isinstance(defaults, Mapping) and key in defaults:
            yield Problem(
                ("defaults", key),
                f"{key} has no default: it is each project's own",
                f"move {key} to the projects",
            )
    if "projects" not in values or values["projects"] == {}:
        yield Problem(
            ("projects",), "no project is set", f"write projects: {example_of('projects', StackFileSettings)}"
        )


def _unended_split(value: Any) -> Problem:
    """The mistake of a file that `gemini-lz fleet split` is at work on: nothing may run by it."""
    mark = _decoded(value) if isinstance(value, str) else value
    source = mark.get("of", "") if isinstance(mark, Mapping) else ""
    return Problem(
        (SPLIT,),
        f"a split of {source or 'a stack'} has begun, and has not ended",
        f"run gemini-lz fleet split {source or 'STACK'}: it goes on where it was",
    )


def _project(
    name: str, own: Any, combined: Any
) -> tuple[ProjectSettings | None, DeriveSettings | None, list[Problem]]:
    """The project's settings and its `limits.derive`, if right; its mistakes, with paths from `projects` on."""
    at: Path = ("projects", name)
    problems: list[Problem] = []
    try:
        _PROJECT_KEY.validate_python(name)
    except ValidationError as error:
        problems.append(Problem(at, *reason_and_remedy(error.errors()[0], None)))
    if isinstance(combined, Mapping):
        found = islice(project_problems(own, combined), MOST_FOUND)
        problems += [replace(p, path=(*at, *p.path)) for p in found]
        problems += _unknown_without_value(own, ProjectSettings, at)
    settings = derive = None
    limits = combined.get("limits") if isinstance(combined, Mapping) else None
    if isinstance(limits, Mapping) and DERIVE in limits:
        limits = dict(limits)
        combined = {**combined, "limits": limits}
        try:
            derive = DeriveSettings.model_validate(limits.pop(DERIVE))
        except ValidationError as error:
            problems += _told(error, DeriveSettings, (*at, "limits", DERIVE))
    try:
        settings = ProjectSettings.model_validate(combined)
    except ValidationError as error:
        problems += _told(error, ProjectSettings, at)
    return settings, derive, problems


def _unknown_without_value(values: Any, root: type[Any], at: Path) -> Iterator[Problem]:
    """Unknown keys with nothing behind them, which merging takes away: `{amount: 1,500.00}` has one."""
    if not isinstance(values, Mapping):
        return
    for key, value in values.items():
        below = model_at(root, (key,))
        if value is None and key not in known_keys(root):
            yield Problem((*at, key), *unknown_key(str(key), known_keys(root)))
        elif below:
            yield from _unknown_without_value(value, below, (*at, key))


def _mistyped(path: Path, model: type[Any] | None, details: list[ErrorDetails]) -> bool:
    """True if the missing key is there under a mistyped name: that is one mistake, not two."""
    return any(
        other["type"] in UNKNOWN_KEY
        and tuple(other["loc"][:-1]) == path[:-1]
        and nearest(str(other["loc"][-1]), known_keys(model) if model else []) == path[-1]
        for other in details
    )


def _at_home(problem: Problem, values: Mapping[str, Any]) -> Problem:
    """The problem at the place in the file that it was inherited from, if it was."""
    _, name, *below = problem.path
    if not below or holds(values["projects"][name], below):
        return problem
    if holds(values.get("defaults"), below):
        return replace(problem, path=("defaults", *below))
    if holds({key: values.get(key) for key in ENVIRONMENT_KEYS if key in values}, below):
        return replace(problem, path=tuple(below))
    return problem


def _told_once(problems: Iterable[Problem]) -> list[Problem]:
    """Without repetition: a mistake in the defaults is one, however many projects inherit it."""
    return list(dict.fromkeys(problems))
