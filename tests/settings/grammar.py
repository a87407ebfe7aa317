"""A grammar of stack files that strangers write to hang, to mislead or to leak: hypothesis builds files by it."""

from collections.abc import Callable
from typing import Final

from hypothesis import strategies as st

KEY: Final = "AIzaSy" + "Q7x" * 11
"""The form of an API key; it opens nothing."""
COMMAND: Final = "::error file=x::pwned"
SETTINGS: Final = (
    "billingAccount", "parent", "projects", "defaults", "channels", "sharedBudgets", "labels", "topics", "dashboard",
    "accountTerms", "notificationProject", "organization", "projectId", "tier", "keys", "budget", "amount", "currency",
    "thresholds", "forecast", "spendCap", "alerts", "email", "policies", "limits", "others", "derive", "maxOvershoot",
    "workload", "model", "requestsPerDay", "inputTokens", "quotas", "quotaId", "value", "dimensions", "contacts",
    "aliases", "tags", "adopt", "idSuffix", "name", "users", "url", "type", "token", "period", "start", "projects",
    "allowedIps", "methods", "decoy", "standard", "existing", "serviceAccount", "credits", "services", "lag", "tierWait",
)  # fmt: skip
_NASTY: Final = (
    "", "~", "null", "true", "no", "1", "0", "-1", "1.5", "1e999999", "-1e-999999", ".nan", ".inf", "0x1F", "0o17", "1_000",
    "190:20:30", "017", "-0x1F", "0b1", "1_0.5", "1:30.5", "1" + ":59" * 20_000, "0x" + "f" * 5000, "!!int 0x", "!!int '1" + ":9" * 9000 + "'",
    "2026-02-31", "2026-01-01T25:61:61Z", "9" * 5000, "'x'", '"\\e[31mred"', '"\\u2028"', '"\\u202e"',
    '"a\\nb"', f"'{COMMAND}'", "'##[error]x'", "'##vso[task.setvariable variable=x]y'", KEY, f"'https://x.example/?key={KEY}'",
    f"'{KEY[:9]}' '{KEY[9:]}'", "!!binary aGVsbG8=", "!!binary =", "!!timestamp soon", "!!int ''", "!!int seven",
    "!!float x", "!!bool x", "!!null x", "!!set {a, b}", "!!omap [a: 1]", "!!pairs [a: 1]", "!!map x", "!!seq x", "!!str [a]",
    "!!python/object/apply:os.system [ls]", "!!python/name:os.system", "!secret x", "!<tag:yaml.org,2002:int> x", "=", "<<",
    "*a", "*none", "&a x", "&a [1, *a]", "&a {b: *a}", "{secure: v1:x}", "{secure: [1]}", "[[[]]]", "[" * 100, "{" * 100,
    "{a: 1, a: 2}", "{[a]: 1}", "{{a: b}: 1}", "? x", "- - - -", "|\n      text\n     less", ">-\n      folded", "%TAG", "@x", "`x`",
    "\x00", "\x1b[2J", "\x85", "\u2028", "\ufeff", "\u202eevil", "\t", "a: b: c", "'open", '"open', "01A2B3-C4D5E6-F7A8B9",
    "folders/1", "acme-chat-dev", "USD", "paid", "free", "gemini-3.8-flash", "x" * 70, "[a@b.io, a@b.io]", "[1, [2]]",
    "[{}, {}]", "{deny: deny}", "deny", "[2026-01-01]", "{start: 2026-01-01, end: 2025-01-01}", "{low: 1, high: x}",
)  # fmt: skip
_PREFIXES: Final = (
    "gemini-landing-zone:", "", "gemini-landing-zone:config:", "gcp:", "gcp:config:", "pulumi:", "GCP:", " ", "a:b:c:", "aws:",
)  # fmt: skip
_PROVIDER: Final = (
    "accessToken", "credentials", "impersonateServiceAccount", "billingCustomEndpoint", "universeDomain", "project", "bilingProject",
)  # fmt: skip
_TOP: Final = (
    "config",
    "environment",
    "secretsprovider",
    "encryptedkey",
    "encryptionsalt",
    "confg",
    "&x config",
    "<<",
    "? [a]",
    KEY,
)

_scalars = st.one_of(st.sampled_from(_NASTY), st.text(max_size=12))
_names = st.one_of(st.sampled_from(SETTINGS), st.sampled_from(_NASTY), st.text(max_size=8))


def _block(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A mapping or a list in block style of what `children` gives, one level deeper."""

    def indented(text: str) -> str:
        return text.replace("\n", "\n  ")

    entries = st.lists(st.tuples(_names, children), min_size=1, max_size=4)
    mapping = entries.map(lambda found: "".join(f"\n  {name}: {indented(text)}" for name, text in found))
    items = st.lists(children, min_size=1, max_size=3)
    return mapping | items.map(lambda found: "".join(f"\n  - {indented(text)}" for text in found))


_values = st.recursive(_scalars, _block, max_leaves=12)
_project = st.tuples(
    st.sampled_from(("acme-one-dev", "x", COMMAND)), st.sampled_from(("paid", "free", "x")), _values
).map(
    lambda found: (
        f"\n    chat:\n      projectId: '{found[0]}'\n      tier: {found[1]}"
        + found[2].replace("\n", "\n    ")
    )
)
_config = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(_PREFIXES), _names, _values).map(
            lambda found: f"  {found[0]}{found[1]}: " + found[2].replace("\n", "\n  ")
        ),
        st.tuples(st.sampled_from(_PROVIDER), _scalars).map(lambda found: f"  gcp:{found[0]}: {found[1]}"),
        _project.map(lambda text: f"  gemini-landing-zone:projects:{text}"),
    ),
    min_size=1,
    max_size=5,
).map("\n".join)
_file = st.lists(
    st.one_of(
        _config.map(lambda text: f"config:\n{text}"),
        _config.map(lambda text: f"config:\n{text}"),
        st.tuples(st.sampled_from(_TOP), _values).map(lambda found: f"{found[0]}: {found[1]}"),
    ),
    min_size=1,
    max_size=3,
).map("\n".join)
_LARGE: Final[tuple[Callable[[int], str], ...]] = (
    lambda n: "config:\n" + "".join(f"  gemini-landing-zone:projects{i}: 1\n" for i in range(n * 20)),
    lambda n: "config:\n  gemini-landing-zone:projects:\n" + "".join(f"    p{i}: {{teir: x}}\n" for i in range(n * 15)),
    lambda n: "config:\n  gemini-landing-zone:topics: [" + "a, " * n * 19 + "]\n",
    lambda n: "config:\n  gemini-landing-zone:projects: {a: {" + f"{'k' * n * 600}: 1" + "}}\n",
    lambda n: "config:\n  gemini-landing-zone:projects: &a [" + "[" * n + "]" * n + "]\n",
    lambda n: "config:\n  a: &a0 [x, x]\n" + "".join(f"  b{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, n)),
    lambda n: "config:\n  gemini-landing-zone:defaults: {keys: {" + ", ".join(f"k{i}: {{}}" for i in range(n * 15))
    + "}}\n  gemini-landing-zone:projects:\n" + "".join(f"    p{i}: {{tier: free}}\n" for i in range(n * 15)),
    lambda n: "config:\n  gemini-landing-zone:projects: {a: {quotas: {" + ", ".join(
        f"q{i}: {{metric: a, limit: /min/model/project, value: 1, dimensions: {{model: m{i}}}}}" for i in range(n * 10)
    ) + "}, limits: {" + ", ".join(f"m{i}: {{requestsPerDay: 1}}" for i in range(n * 15)) + "}}}\n",
    lambda n: "config:\n  gemini-landing-zone:channels: {" + ", ".join(f"c{i}: 1" for i in range(n * 19))
    + "}\n  gemini-landing-zone:projects: {a: {alerts: {channels: [" + ", ".join(f"d{i}" for i in range(n * 19)) + "]}}}\n",
)  # fmt: skip
"""Files that grow with a number up to 100: many unknown keys, mistakes, levels, aliases, names to compare."""

FILES: Final = st.one_of(
    _file.map(lambda text: text.encode("utf-8", "surrogatepass")),
    _file.map(lambda text: text.replace("\n", "\r\n").encode("utf-8", "surrogatepass")),
    _file.map(lambda text: b"\xef\xbb\xbf" + text.encode("utf-8", "surrogatepass")),
    _file.map(lambda text: f"---\n{text}\n---\n{text}".encode("utf-8", "surrogatepass")),
    _file.map(lambda text: text.encode("utf-16", "surrogatepass")),
    st.tuples(st.sampled_from(_LARGE), st.integers(1, 100)).map(lambda found: found[0](found[1]).encode()),
    st.binary(max_size=60),
)
"""Contents of a stack file."""
