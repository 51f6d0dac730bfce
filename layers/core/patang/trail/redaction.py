"""What must not get out by a line of the log: whatever looks like a secret, of any name and shape.

Shapes as the broker and the desk have them (kite.trade/docs/connect/v3/user; patang.approvals.link,
patang.identity): access, request and public tokens and API secrets of 32 characters, API keys in a header
beside a token, the checksum of a login (SHA-256, 64 figures), nonces in addresses, bearer tokens, cookies,
one-time codes. A hash of the desk's own looks like a checksum and is hidden too: it stands in the audit log.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["HIDDEN", "redacted", "redacted_error"]

HIDDEN: Final = "(hidden)"

# Without one of these nothing of what looks at names finds anything, and most lines have none.
_WORDS: Final = (
    "token", "secret", "checksum", "pass", "totp", "pin", "otp", "nonce", "csrf", "verifier", "cookie",
    "authorization", "api-key", "signature", "code", "bearer", "basic", "approvals", "consent", "input_value",
)  # fmt: skip
# Names under which a secret travels, whatever it looks like.
_NAME: Final = (
    r"access_?token|refresh_?token|public_?token|request_?token|id_?token|enctoken|task_?token|"
    r"session_?token|api_?secret|client_?secret|secret_?access_?key|aws_?session_?token|security[_-]?token|"
    r"secret_?(?:string|binary)|secret|checksum|"
    r"password|passwd|passphrase|totp|pin|otp|nonce|csrf(?:_token)?|code_verifier|cookie|set-cookie|"
    r"x-api-key|signature|code"
)
_SECRET_NAME: Final = re.compile(rf"(?i)(?:[\w-]*[_-])?(?:{_NAME}|authorization)")
# "Authorization: token key:token", 'Bearer ...', b"authorization", b"Basic ...": name and scheme stay.
_HEADER: Final = re.compile(
    r"(?i)\b((?:proxy-)?authorization\\?['\"]?\s*[:=,]\s*(?:b?\\?['\"])?+(?:(?:bearer|basic|token|digest)\s+)?+)"
    r"(?!b?\\?['\"]?\(hidden)[^\s'\",;}\)\\]+"
)
_SCHEME: Final = re.compile(r"(?i)\b(bearer|basic|token)\s+[\w.+/=~-]+(?::[\w.+/=~-]+)?(?<=[\w=]{12})")
# name=value, "name": "value", name: value, ('name', 'value'); also in the query of an address.
_PAIR: Final = re.compile(
    rf"(?i)(?<![a-z0-9])((?:{_NAME})\\?['\"]?\s*(?:=|:|%3D|,\s*(?=b?\\?['\"]))\s*(?:b?\\?['\"])?)(?!b?\\?['\"]?\(hidden)([^\s'\",;&}}\)\\]+)"
)
# The address of an approval, and of what else only its link opens.
_LINK: Final = re.compile(r"(/(?:approvals|consent)/)[\w-]{16,}")
_SHAPES: Final = (
    # A bearer token of the desk's.
    re.compile(r"\bpatang_[\w-]{20,}"),
    # JSON web tokens.
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"),
    # AWS's key ids.
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    # 32 letters and figures: tokens and secrets of the broker's. 64 figures: a checksum; more of them: what
    # confirms a subscription of SNS.
    re.compile(r"(?<![\w-])(?=[A-Za-z]*\d|[a-z]*[A-Z]+[A-Za-z]*[a-z])[A-Za-z0-9]{32}(?![\w-])"),
    re.compile(r"(?i)(?<![\w-])[0-9a-f]{64,}(?![\w-])"),
)
# 240 random bits or more in letters that an address may have: task tokens, codes, tokens of others. A name of
# that length has words in it, these have a run of small and great letters and figures.
_LONG: Final = re.compile(r"(?<![\w-])[\w-]{40,}={0,2}(?![\w-])")
_RUN: Final = re.compile(r"(?=[A-Za-z]{0,40}\d)(?=[A-Z\d]{0,40}[a-z])(?=[a-z\d]{0,40}[A-Z])[A-Za-z\d]{12,}")
# What a model did not take, of which its error shows beginning and end: half a secret has no shape.
_INPUT: Final = re.compile(r"input_value=.{0,1000}?(?=, input_type=)", re.DOTALL)


def redacted(value: Any) -> Any:
    """A text with its secrets hidden; of a mapping or a list each part, and the whole of what is named so."""
    match value:
        case str():
            return _text(value)
        case Mapping():
            return {
                str(name): HIDDEN if _SECRET_NAME.fullmatch(str(name)) else redacted(part)
                for name, part in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [redacted(part) for part in value]
        case None | bool() | int() | float():
            return value
        case _:
            return _text(str(value))


def redacted_error(error: BaseException) -> BaseException:
    """The error with its secrets hidden, those it came of too: the runtime writes it to the log by itself.

    It is the same error wherever its message can be changed, for a workflow catches by its class; else
    another, which names the class.
    """
    seen: set[int] = set()
    part: BaseException | None = error
    while part is not None and id(part) not in seen:
        seen.add(id(part))
        _clean(part)
        part = part.__cause__ or part.__context__
    if _text(str(error)) == str(error):
        return error
    return RuntimeError(_text(f"{type(error).__name__}: {error}"))


def _clean(error: BaseException) -> None:
    error.args = tuple(_text(part) if isinstance(part, str) else part for part in error.args)
    if hasattr(error, "__notes__"):
        error.__notes__ = [_text(note) for note in error.__notes__]


def _text(text: str) -> str:
    lower = text.lower()
    if any(word in lower for word in _WORDS):
        text = _HEADER.sub(rf"\1{HIDDEN}", text)
        text = _PAIR.sub(_pair, text)
        text = _LINK.sub(rf"\1{HIDDEN}", text)
        text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
        text = _INPUT.sub(f"input_value={HIDDEN}", text)
    for shape in _SHAPES:
        text = shape.sub(HIDDEN, text)
    return _LONG.sub(lambda found: HIDDEN if _RUN.search(found[0]) else found[0], text)


def _pair(found: re.Match[str]) -> str:
    # "code: 401" and "status code = 200" are words of an error, not of a login.
    if found[1].lower().startswith("code") and len(found[2]) < 16:
        return found[0]
    return f"{found[1]}{HIDDEN}"
