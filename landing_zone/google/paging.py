"""The end of listings: a page token that comes twice would make one endless."""

from landing_zone.google.errors import GoogleError


class PageTokens:
    """The page tokens of one listing so far."""

    def __init__(self, listing: str) -> None:
        self._listing = listing
        self._seen: set[str] = set()

    def add(self, token: str) -> None:
        """Note the token of the next page. Raises GoogleError if an earlier page had it."""
        if token in self._seen:
            raise GoogleError(
                0,
                "",
                f"the listing of {self._listing} has no end: the server gave the token of a page twice. Run it again; "
                "if it comes back, check the endpoint override if there is one, and report it to Google's support",
            )
        self._seen.add(token)
