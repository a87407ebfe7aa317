"""Values that the engine marks as secret: policies judge them, and messages have them redacted."""

from decimal import Decimal
from typing import Any, Final

from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY

from gemini_policies.values import decimal
from landing_zone.printing import in_lines

_DERIVED: Final = ("effectiveLabels", "pulumiLabels")
"""Outputs that pulumi_gcp always marks as secret: labels, of which the secret ones are so in `labels` too."""
_SHORTEST: Final = 4
"""Shorter texts also occur in other words."""


class Secrets:
    """Texts to redact from messages."""

    def __init__(self) -> None:
        self._texts: set[str] = set()

    def note(self, value: Any, *, secret: bool = False) -> None:
        """Collect the secrets in a resource's properties, as the engine sends them."""
        if isinstance(value, dict) and value.get(SPECIAL_SIG_KEY) == SPECIAL_SECRET_SIG:
            self.note(value.get("value"), secret=True)
        elif isinstance(value, dict):
            for name, each in value.items():
                if name not in _DERIVED:
                    self.note(each, secret=secret)
        elif isinstance(value, list):
            for each in value:
                self.note(each, secret=secret)
        elif secret and isinstance(value, str | float):
            number = decimal(value)
            # Messages format money.
            texts = [str(value), *([f"{number:,.2f}"] if isinstance(number, Decimal) else [])]
            self._texts.update(text for text in texts if len(text) >= _SHORTEST)

    def redacted(self, text: str) -> str:
        """The text without these secrets and any that looks like one, as all output is filtered."""
        for secret in sorted(self._texts, key=len, reverse=True):
            text = text.replace(secret, "[secret]")
        return in_lines(text)
