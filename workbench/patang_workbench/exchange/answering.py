"""The answer to a call with the faults that strike it."""

from dataclasses import replace
from typing import NamedTuple

from patang_workbench.exchange.calls import Call, Reply
from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.errors import KiteError
from patang_workbench.exchange.faults import Fault
from patang_workbench.exchange.rest import reply_to

__all__ = ["Answer", "answer"]

_MESSAGES = {
    429: ("Too many requests", "NetworkException"),
    500: ("Something unexpected went wrong. Please try again.", "GeneralException"),
    502: ("The order management system cannot be reached.", "NetworkException"),
    503: ("The service is not available. Please try again.", "NetworkException"),
    504: ("The order management system did not answer in time.", "NetworkException"),
}


class Answer(NamedTuple):
    """A reply after wall seconds; without one the connection is closed after them."""

    reply: Reply | None
    after: float = 0.0


def answer(exchange: Exchange, call: Call) -> Answer:
    """What the client of a call gets to hear, and when. The call takes effect as the fault says."""
    fault = exchange.faults.answer(call.method, call.path)
    if fault is None:
        return Answer(reply_to(exchange, call))
    if fault.kind == "stale_book":
        return Answer(reply_to(exchange, replace(call, lag=(fault.clock, fault.delay))))
    if fault.kind == "late_accept":
        return _late(exchange, call, fault)
    if fault.kind.startswith("http_"):
        code = int(fault.kind.removeprefix("http_"))
        return Answer(_taken(exchange, call, fault) or (_page(code) if fault.html else _error(code)))
    if fault.kind == "timed_out_400":
        return Answer(_taken(exchange, call, replace(fault, taken=True)) or _timed_out())
    refused = _taken(exchange, call, fault)
    if refused:
        return Answer(refused)
    return Answer(_error(504) if fault.kind == "timeout" else None, fault.delay)


def _late(exchange: Exchange, call: Call, fault: Fault) -> Answer:
    """The order is there only later. A client without a session hears so at once."""
    try:
        exchange.logins.authorise(call.headers.get("authorization", ""))
    except KiteError as refused:
        return Answer(Reply.of(refused.envelope(), refused.http))
    exchange.after(fault.delay, fault.clock, lambda: _take(exchange, call))
    if fault.reply == "half_open":
        return Answer(None, fault.delay)
    if fault.reply == "timed_out_400":
        return Answer(_timed_out())
    return Answer(_error(int(fault.reply.removeprefix("http_"))))


def _take(exchange: Exchange, call: Call) -> None:
    reply_to(exchange, call)


def _taken(exchange: Exchange, call: Call, fault: Fault) -> Reply | None:
    """Let the call take effect where the fault says so; its own refusal, if it is refused."""
    if not fault.taken:
        return None
    reply = reply_to(exchange, call)
    return reply if reply.status >= 400 else None


def _error(code: int) -> Reply:
    message, kind = _MESSAGES[code]
    return Reply.of(KiteError(message, code, kind).envelope(), code)


def _page(code: int) -> Reply:
    text = f"<html><head><title>{code}</title></head><body><h1>{code} {_MESSAGES[code][0]}</h1></body></html>"
    return Reply(code, text.encode(), "text/html")


def _timed_out() -> Reply:
    refused = KiteError("Order request timed out. Please check the order book.", 400, "OrderException")
    return Reply.of(refused.envelope(), 400)
