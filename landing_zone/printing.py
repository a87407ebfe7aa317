"""What may be printed of a text that strangers wrote: secrets taken out, and no character that a log or terminal obeys.

Every output goes through this module: messages, tables, JSON, SARIF, JUnit, the page, and what the program and the
provider hand to Pulumi.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

MOST_SHOWN: Final = 60
"""Characters of a name or a value that a message repeats."""

# One character, in the spellings in which keys are pasted: as it is, %41 of a URL, \x41 and \u0041 of a program's text,
# &#65; of HTML. Atomic groups: no text makes the patterns slow.
_ENCODED: Final = (
    r"%(?:25)*{code}",
    r"\\x{code}",
    r"\\u00{code}",
    r"&#x{code};",
)
_ANY: Final = rf"(?>[\w-]|{'|'.join(form.format(code='[0-9A-Fa-f]{2}') for form in _ENCODED)})"
_QUOTED: Final = r"""\s{0,30}(?>['"`+\n]|\\[nrt'"])(?>[\s'"`+]|\\[nrt'"]){0,30}"""
_BREAK: Final = rf"(?>{_QUOTED}|\s{{1,30}}(?=[\w-]{{8}})|)"
"""What a key is broken with: quotes, a plus, a line's end; spaces alone only before a piece that is no usual word."""


def _spelled(text: str) -> str:
    """A pattern for a text whose characters may be encoded, and quoted by parts."""

    def character(char: str) -> str:
        code = "".join(f"[{digit.lower()}{digit.upper()}]" for digit in f"{ord(char):02x}")
        forms = [form.format(code=code) for form in _ENCODED]
        return rf"(?>{'|'.join([re.escape(char), *forms])})"

    return rf"(?>{_QUOTED}|)".join(map(character, text))


def _key(start: str, length: int, least: int) -> str:
    """A key: `start`, then `length` characters, which may be broken, or `least` at least in one piece."""
    return rf"{_spelled(start)}(?>(?:{_BREAK}{_ANY}){{{length}}}|{_BREAK}{_ANY}{{{least},}}){_ANY}*+"


# Not inside a word such as FAQ, but after any sign, also one that is encoded or escaped: =, %3D, \n.
_START: Final = (
    r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=\\x[0-9A-Fa-f]{2})|(?<=\\u00[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
)
# Of an address: a slash and a colon as they are, in a URL's parameter (%2F), in JSON (\/).
_SLASH: Final = r"(?:\\{0,4}/|%(?:25)*+2[Ff])"
_COLON: Final = r"(?::|%(?:25)*+3[Aa])"
_PORT: Final = rf"\.?(?:{_COLON}[0-9]*+)?"

_SECRETS: Final = {
    "an API key": rf"{_key('AIza', 35, 10)}|(?:{_START}|(?=AQ\.Ab8)){_key('AQ.', 40, 20)}",
    "a private key": (
        r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?>(?:(?!-----END)[\w\s+/=:,\\\"'-])*+)(?:-----END[A-Z -]*+)?"
    ),
    "an OAuth token": (
        rf"{_spelled('ya29')}(?>\.|%2[Ee]){_ANY}{{10,}}+|{_START}(?>1//0[\w-]{{20,}}+|GOCSPX-[\w-]{{20,}}+"
        r"|eyJ[\w-]{10,}+\.[\w-]{10,}+\.[\w-]*+)"
    ),
    "a token": (
        rf"{_START}(?>xox[a-z]-[\w-]{{10,}}+|xapp-[\w-]{{10,}}+|gh[pousr]_\w{{20,}}+|github_pat_\w{{20,}}+"
        r"|glpat-[\w-]{16,}+|pul-[0-9a-f]{40}+|sk-[\w-]{20,}+|AKIA[0-9A-Z]{16})"
    ),
    "a webhook's address": (
        rf"(?i:(?:https?{_COLON}{_SLASH}{{2}})?(?<![\w.-])[\w-]++(?:\.[\w-]++)++(?:"
        rf"(?:(?<=hooks\.slack\.com)|(?<=hooks\.slack-gov\.com)){_PORT}{_SLASH}(?:services|workflows|triggers)"
        rf"|(?:(?<=discord\.com)|(?<=discordapp\.com)){_PORT}{_SLASH}api{_SLASH}(?:v[0-9]+{_SLASH})?webhooks"
        rf"|(?<=chat\.googleapis\.com){_PORT}{_SLASH}v1{_SLASH}spaces"
        # Teams: connectors, and workflows of Power Automate.
        rf"|(?:(?<=\.webhook\.office\.com)|(?<=\.logic\.azure\.com)|(?<=\.logic\.azure\.us)|(?<=\.api\.powerplatform\.com)){_PORT}"
        rf"){_SLASH}[^\s'\"<>]++)"
    ),
}
"""What it is -> the pattern that finds it."""
_PARAMETER: Final = re.compile(
    r"(?i)([?&;](?:api_?key|key|(?:[\w-]*_)?token|secret|sig(?:nature)?|password)=)(?!\[)[^\s&#'\"<>]++"
)
_KINDS: Final = tuple(_SECRETS)
_SECRET: Final = re.compile("|".join(f"({pattern})" for pattern in _SECRETS.values()))

_UNSEEN: Final = (
    "\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e0fff"
)
"""Characters that end a line, change the direction of a text, or are not seen; besides those below the space."""
_NOT_ON_A_LINE: Final = re.compile(f"[\x00-\x1f{_UNSEEN}]")
_NOT_IN_LINES: Final = re.compile(f"[\x00-\x08\x0b-\x1f{_UNSEEN}]")
# Runners obey `::error::…` at the start of a line, and ##[error]… and ##vso[…] anywhere.
_COMMAND: Final = re.compile(r"##(?=[A-Za-z]*\[)")
_FIRST_COLON: Final = re.compile(r"(?m)^([ \t]*+):(?=:)")


def secret_in(text: str) -> str | None:
    """What kind of secret stands in a text, such as `an API key`; None if there is none."""
    found = _SECRET.search(text)
    return _KINDS[found.lastindex - 1] if found and found.lastindex else None


def without_secrets(text: str) -> str:
    """The text with each secret replaced by its kind in brackets, and without values of parameters such as `key=`."""
    text = _SECRET.sub(lambda found: f"[{_KINDS[(found.lastindex or 1) - 1]}]", text)
    return _PARAMETER.sub(r"\1[removed]", text)


def unprintable_in(text: str, *, lines: bool = False) -> str | None:
    """The first character of a text that may not stand in a line, escaped; None if there is none.

    `lines`: the text may have several, with tabs.
    """
    found = (_NOT_IN_LINES if lines else _NOT_ON_A_LINE).search(text)
    return _escaped(found[0]) if found else None


def counted(count: int, word: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def on_one_line(text: str, most: int | None = None) -> str:
    """The text for a place within a line: no secret, no line's end, no command. `most`: characters; the rest is cut."""
    text = _NOT_ON_A_LINE.sub(lambda found: _escaped(found[0]), without_secrets(text))
    text = _without_commands(text)
    return text if most is None or len(text) <= most else f"{text[: most - 1]}…"


def in_lines(text: str) -> str:
    """The text for an output of several lines: as `on_one_line`, with its line ends kept."""
    return _without_commands(_NOT_IN_LINES.sub(lambda found: _escaped(found[0]), without_secrets(text)))


def as_json(value: Any, indent: int | None = 2) -> str:
    """A value as JSON, without secrets; characters that a log obeys are escaped, which readers of JSON undo."""
    text = json.dumps(_without_secrets_inside(value), indent=indent, ensure_ascii=False)
    text = _NOT_IN_LINES.sub(lambda found: json.dumps(found[0])[1:-1], text)
    return _COMMAND.sub(r"\\u0023#", text)


def _without_secrets_inside(value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, Mapping):
        return {_without_secrets_inside(key): _without_secrets_inside(each) for key, each in value.items()}
    return [_without_secrets_inside(each) for each in value] if isinstance(value, list | tuple) else value


def listed(names: list[str], most: int = 20) -> str:
    """The names with commas between them; of many the first, and the number of the others."""
    shown = [on_one_line(name, MOST_SHOWN) for name in names[:most]]
    more = [f"and {len(names) - most:,} more"] if len(names) > most else []
    return ", ".join([*shown, *more])


def _without_commands(text: str) -> str:
    return _FIRST_COLON.sub(r"\1\\x3a", _COMMAND.sub(r"\\x23#", text))


def _escaped(char: str) -> str:
    named = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
    code = ord(char)
    return named.get(char) or (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )
