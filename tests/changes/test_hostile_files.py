"""A stack file is whatever the author of a pull request writes: it says nothing in the comment but as text."""

import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from landing_zone.changes.markdown import MARKER, MOST, escaped
from tests.changes.repository import PROD, STACK, Repository

RENDERER = MarkdownIt("commonmark").enable("table").enable("strikethrough")
OWN_TAGS = {"p", "strong", "ul", "li", "br", "table", "thead", "tbody", "tr", "th", "td", "sub", "details"}
OWN_TAGS |= {"summary", "h4", "code"}
UNSEEN = "\u200b"
EVIL = (
    "</td></table><img src=x onerror=alert(1)>",
    "| a | b |",
    "a \\| b \\\\| c",
    "[click](javascript:alert(1)) ![i](//evil.example/x.png)",
    "@acme/finops please approve, @octocat",
    "fixes #1, GH-2, acme/other#3, https://github.com/acme/other/issues/4",
    "**bold** _it_ ~~gone~~ `code` $x^2$ :tada: :100: :white_check_mark:",
    "<!-- gemini-lz diff -->",
    "</summary></details>",
    "&#64;octocat &lt;b&gt;",
    "www.evil.example",
    "::error::stop",
)


def tags(markdown: str) -> set[str]:
    return set(re.findall(r"<([a-z0-9]+)", RENDERER.render(markdown)))


@pytest.mark.parametrize("place", ["prose {}", "- **new** {}", "| {} | b |\n| --- | --- |\n| {} | d |"])
@given(text=st.text(st.sampled_from("ab1+_: @#:/\\|`*_[]()<>!&;$~^-=+.'\"w"), min_size=1, max_size=40))
@example(EVIL[0])
@example("#1")
@example("@a")
def test_any_text_is_rendered_as_itself(place: str, text: str) -> None:
    html = RENDERER.render(place.format(escaped(text), escaped(text)))
    assert set(re.findall(r"<([a-z0-9]+)", html)) <= OWN_TAGS
    shown = unescape(re.sub(r"<[^>]*>", "\n", html))
    assert _obeyed(shown) is None
    squeezed = " ".join(text.split())
    assert squeezed in " ".join(shown.replace(UNSEEN, "").split()) or "##" in text or "::" in text


def _obeyed(shown: str) -> object:
    """The first mention, reference, emoji or address that GitHub would find in rendered text."""
    return re.search(r"@\w|#\d|\bGH-\d|:[a-z+-][\w+-]*:|\w://\w|\bwww\.\w", shown, re.IGNORECASE)


def test_a_hostile_stack_file_brings_no_markup(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    quoted = [each.replace("'", "''") for each in EVIL]
    referrers = ", ".join(f"'{each}'" for each in quoted)
    contacts = "\n".join(f"      # {each}" for each in EVIL)
    repository.edit(
        ("{allowedIps: [203.0.113.64/26],", f"{{allowedReferrers: [{referrers}],"),
        ("amount: 300, currency: USD", f"amount: 300, currency: USD, name: '{quoted[0]}'"),
        ("      workload:\n", f"{contacts}\n      workload:\n"),
    )
    page = repository.diff("--format", "markdown").stdout
    assert "onerror" in page
    assert tags(page) <= OWN_TAGS
    assert page.count("<!--") == 1
    assert page.startswith(MARKER)
    assert _obeyed(unescape(re.sub(r"<[^>]*>", "\n", RENDERER.render(page)))) is None
    # In a terminal and for programs it is text as well.
    assert "<img src=x onerror=alert(1)>" in repository.diff().stdout

    # So do mistakes, which repeat what the file says.
    wrong = "".join(f"    '{each}': {{'{each}': 1}}\n" for each in quoted)
    repository.write({STACK: f"{PROD}{wrong}"})
    page = repository.diff("--format", "markdown").stdout
    assert "mistakes in its file" in page
    assert tags(page) <= OWN_TAGS
    assert _obeyed(unescape(re.sub(r"<[^>]*>", "\n", RENDERER.render(page)))) is None


def test_a_comment_is_not_longer_than_github_takes(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    head, _, search = PROD.partition("    search:\n")
    many = "".join(
        f"    search-{number}:\n{search.replace('acme-search', f'acme-search-{number}')}"
        for number in range(150)
    )
    repository.write({STACK: f"{head}{many}"})
    page = repository.diff("--format", "markdown").stdout
    assert MOST - 2000 < len(page.encode()) <= MOST
    assert re.search(r"\n… and [\d,]+ more lines: `gemini-lz diff` prints them\n", page)
    # Cut at a row, and what was opened is closed.
    assert page.count("<details>") == page.count("</details>") == 1
    rows = page.partition("| --- ")[2].partition("</details>")[0].splitlines()[1:]
    assert all(row.startswith("| search") and row.endswith(" |") for row in rows if row)
    assert tags(page) <= OWN_TAGS


def test_secrets_stay_out(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    secret = "https://hooks.example.com/alerts?token=0123456789abcdef"
    repository.edit(
        ("alerts: {email: [oncall@example.com]}", "alerts: {email: [oncall@example.com], channels: [hook]}"),
        (
            "  gemini-landing-zone:projects:\n",
            f"  gemini-landing-zone:channels: {{hook: {{type: webhook, url: '{secret}'}}}}\n"
            "  gemini-landing-zone:projects:\n",
        ),
    )
    for form in ("text", "markdown", "json"):
        printed = repository.diff("--format", form).output
        assert "hooks.example.com" not in printed
        assert "0123456789abcdef" not in printed
        assert "channels.hook.url" in printed
