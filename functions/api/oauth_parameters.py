"""The parameters of OAuth's requests, as RFC 6749 section 3 has them: each at most once, an empty one as if
it were not there."""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from fastapi import Request

from patang.oauth.errors import OAuthError

__all__ = ["asked", "posted"]

_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 30


def asked(request: Request) -> dict[str, str]:
    """Those of the address. Raises OAuthError invalid_request."""
    return _each_once(request.query_params.multi_items())


async def posted(request: Request) -> dict[str, str]:
    """Those of a form. Raises OAuthError invalid_request for another body, or one that is malformed."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if kind != _FORM:
        raise OAuthError("invalid_request", f"the body is {kind or 'of no type'}: send {_FORM}")
    try:
        fields = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError as error:
        raise OAuthError(
            "invalid_request", f"the form is malformed, or above {_MOST_FIELDS} fields"
        ) from error
    return _each_once(fields)


def _each_once(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in fields:
        if name in found:
            raise OAuthError("invalid_request", f"{name[:40]} is given twice: give it once")
        found[name] = value
    return {name: value for name, value in found.items() if value}
