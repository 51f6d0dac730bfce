"""Words of others among the desk's own.

The desk's messages carry links that are to be followed; a link that a caller has put there must not stand
among them. And what the broker or the market has said is told between « and », so that nobody, a person or an
assistant, takes it for the desk's advice.
"""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

__all__ = ["PlainLine", "on_one_line", "quoted"]

# Line ends, control characters, and marks of direction and width that hide what is there.
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co"})
_INNER = str.maketrans("«»", "‹›")


def _without_link(text: str) -> str:
    if "://" in text:
        raise ValueError("leave links out: the owner is told of it in a message")
    return text


PlainLine = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$"), AfterValidator(_without_link)]


def on_one_line(text: str) -> str:
    """A text without line ends and without what is not seen, so that it cannot pass for a line of its own."""
    return "".join(" " if unicodedata.category(one) in _UNSEEN else one for one in text)


def quoted(text: str, longest: int = 300) -> str:
    """Somebody's words between « and », on one line, with no end of them inside, and no link or picture of
    markdown: a host that draws what an assistant repeats would fetch it, and tell its server what it asks."""
    seen = on_one_line(text).translate(_INNER).replace("](", "] (")
    return f"«{seen if len(seen) <= longest else f'{seen[:longest]}…'}»"
