"""What a message must not carry in clear: the broker's user ids, and whatever looks like a token."""

import re

__all__ = ["masked"]

_LINK = re.compile(r"(https?://\S+)")
# A user id of the broker's: six places, letters first (AB1234, ABC123). No tradingsymbol looks like one.
_USER_ID = re.compile(r"\b([A-Z]{2})(?:[A-Z]\d|\d{2})(\d{2})\b")
# An access token of the broker's, an API secret, a bearer token of the desk's.
_TOKEN = re.compile(r"\b(?:patang_[\w-]{20,}|(?=[A-Za-z]*\d)[A-Za-z0-9]{32})(?![\w-])")


def masked(text: str) -> str:
    """The text with all but the ends of user ids taken out, and tokens whole; links stay what they are, for a
    changed one leads nowhere. What makes links keeps them clean.
    """
    parts = _LINK.split(text)
    return "".join(part if number % 2 else _masked(part) for number, part in enumerate(parts))


def _masked(text: str) -> str:
    return _TOKEN.sub("(hidden)", _USER_ID.sub(r"\1**\2", text))
