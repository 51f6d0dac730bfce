"""Where the desk is reached from outside."""

from patang.errors import StopTrading

__all__ = ["known_address"]


def known_address(public_url: str) -> str:
    """The address, without a slash at its end. Raises StopTrading while nobody has said where the desk is."""
    if not public_url:
        raise StopTrading("the desk's address is not known: set public_url, or PUBLIC_URL of its functions")
    return public_url.rstrip("/")
