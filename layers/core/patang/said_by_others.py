"""Words of a caller that reach the owner's telephone beside the desk's own.

The desk's messages carry links that are to be followed; a link that somebody else has put there must not
stand among them.
"""

from typing import Annotated

from pydantic import AfterValidator, Field

__all__ = ["PlainLine"]


def _without_link(text: str) -> str:
    if "://" in text:
        raise ValueError("leave links out: the owner is told of it in a message")
    return text


PlainLine = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$"), AfterValidator(_without_link)]
