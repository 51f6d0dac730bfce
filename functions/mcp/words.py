"""Whose words a text is: the desk's own, or those of the market, the broker and whoever wrote a label.

A text is somebody else's unless it is known to be ours or is no sentence: a new field of a reply is marked
until its name stands here, not the other way round.
"""

import re
from typing import Final

__all__ = ["is_plain", "is_said_by_others", "said_of"]

# An id, a symbol, a time, a state, a comparison: nothing that could be read as a sentence.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:+\-#&@%/=]{1,64}|[<>]=?")
# Anybody may have put anything there, a single word too.
_OTHERS: Final = frozenset(
    {
        "amc", "asked_by", "avatar_url", "condition", "disabled_reason", "email", "fund", "halt_reason",
        "label", "message", "name", "note", "rejection_reason", "status_message", "status_message_raw",
        "tag", "tags", "user_name", "user_shortname",
    }
)  # fmt: skip
# Written by the desk, of numbers and names that it has checked.
_OURS: Final = frozenset(
    {
        "approval_url", "binding", "blocked_because", "expected", "explained", "field", "found", "lines",
        "login_url", "models_not_promoted", "reason", "refused", "remedy", "subscription_problems",
        "terms_digest", "title", "to_do", "told", "wrong",
    }
)  # fmt: skip
# Sentences of ours by the names of what they are about.
_OURS_BY_NAME: Final = frozenset({"missing", "undefined"})
# The desk names these itself; one that is no single word is marked all the same.
_NAMED_BY_US: Final = frozenset({"checks", "conditions", "groups", "rules", "total"})
# What stands alone on top of a reply is the desk's answer to the call.
_OURS_ON_TOP: Final = frozenset({"message", "next", "currency"})


def is_plain(text: str) -> bool:
    """Whether a text is one word, which says nothing but itself."""
    return _PLAIN.fullmatch(text) is not None


def said_of(parent: str, key: str) -> str:
    """By which name it is decided whose words an entry of the object `parent` has."""
    if parent in _OURS_BY_NAME:
        return "told"
    # Why somebody has halted is in the details of an event, in his own words.
    undecided = (parent in _NAMED_BY_US and key == "name") or (parent == "details" and key == "reason")
    return "" if undecided else key


def is_said_by_others(name: str, text: str, *, top: bool = False) -> bool:
    """Whether the text of the field `name` is not the desk's own; `top`: of the reply itself, not in it."""
    if not text or name in _OURS or (top and name in _OURS_ON_TOP):
        return False
    return name in _OTHERS or not is_plain(text)
