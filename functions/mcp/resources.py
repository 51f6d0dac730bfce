"""What an assistant can be given to read without a call: positions, orders, reports, days of the audit.

A resource is a tool's answer under an address, so that nobody is shown more by one way than by the other.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from mcp_types import Annotations, Resource, ResourceTemplate, TextResourceContents

from functions.mcp.results import content_of
from patang.errors import BadInput
from patang.tools.caller import Caller
from patang.tools.registry import find

__all__ = ["RESOURCES", "RESOURCE_TEMPLATES", "NoSuchResource", "read"]

_SCHEME: Final = "patang://"
_JSON: Final = "application/json"
_EVENTS: Final = 200
_REPORTS: Final = 100
# Of data, not of instructions: a person looks at them, and an assistant that was asked about them.
_READ = Annotations(audience=["user", "assistant"], priority=0.5)

RESOURCES: Final[tuple[Resource, ...]] = (
    Resource(
        uri="patang://positions",
        name="positions",
        title="Open positions",
        description="What the desk holds in all of your accounts, with last price, stop, target and "
        "unrealised profit or loss in rupees.",
        mime_type=_JSON,
        annotations=_READ,
    ),
    Resource(
        uri="patang://orders",
        name="orders",
        title="Orders of the day",
        description="What the desk asked the broker for on the running market day, newest first.",
        mime_type=_JSON,
        annotations=_READ,
    ),
    Resource(
        uri="patang://reports",
        name="reports",
        title="Reports",
        description="Backtests and trainings whose reports are kept, newest first.",
        mime_type=_JSON,
        annotations=_READ,
    ),
    Resource(
        uri="patang://audit",
        name="audit",
        title="Audit log of the day",
        description="The desk's own events of the running market day, newest first: what is no account's.",
        mime_type=_JSON,
        annotations=_READ,
    ),
)

RESOURCE_TEMPLATES: Final[tuple[ResourceTemplate, ...]] = (
    ResourceTemplate(
        uri_template="patang://positions/{account}",
        name="positions-of-account",
        title="Open positions of an account",
        description="What the desk holds in one of your accounts.",
        mime_type=_JSON,
        annotations=_READ,
    ),
    ResourceTemplate(
        uri_template="patang://orders/{account}/{day}",
        name="orders-of-day",
        title="Orders of an account on a day",
        description="What the desk asked the broker for; day as YYYY-MM-DD, of the market.",
        mime_type=_JSON,
        annotations=_READ,
    ),
    ResourceTemplate(
        uri_template="patang://reports/{report}",
        name="report",
        title="A report in figures",
        description="Return, drawdown, hit rate and costs of a kept run, as get_backtest tells them.",
        mime_type=_JSON,
        annotations=_READ,
    ),
    ResourceTemplate(
        uri_template="patang://audit/{account}/{day}",
        name="audit-day",
        title="Audit log of a day",
        description=f"The last {_EVENTS} events of an account on a market day (YYYY-MM-DD), newest first; "
        "DESK for what is no account's.",
        mime_type=_JSON,
        annotations=_READ,
    ),
)

type _Call = tuple[str, Mapping[str, Any]]


class NoSuchResource(BadInput):
    """There is nothing to read at this address."""

    def __init__(self, uri: str) -> None:
        known = [one.uri for one in RESOURCES] + [one.uri_template for one in RESOURCE_TEMPLATES]
        super().__init__(f"there is no resource {uri[:120]!r}: {', '.join(known)} can be read")


def read(caller: Caller, uri: str) -> tuple[TextResourceContents, ...]:
    """What is at an address, as the tool of it answers this caller.

    Raises NoSuchResource, and what the tool raises: UnknownAccount for another's, ScopeMissing, BadInput for
    a day that is none.
    """
    name, arguments = _call_of(uri)
    content = content_of(name, find(name).call(caller, arguments))
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return (TextResourceContents(uri=uri, mime_type=_JSON, text=text),)


def _call_of(uri: str) -> _Call:
    """The tool that answers for an address, and with what."""
    for pattern, call in _ADDRESSES:
        found = pattern.fullmatch(uri)
        if found is not None:
            return call({part: unquote(text) for part, text in found.groupdict().items()})
    raise NoSuchResource(uri)


_ADDRESSES: Final[tuple[tuple[re.Pattern[str], Callable[[dict[str, str]], _Call]], ...]] = tuple(
    (re.compile(re.escape(_SCHEME) + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/?#]{1,200})", path)), call)
    for path, call in (
        ("positions", lambda _: ("desk_positions", {})),
        ("positions/{account}", lambda part: ("desk_positions", {"account_id": part["account"]})),
        ("orders", lambda _: ("desk_orders", {})),
        (
            "orders/{account}/{day}",
            lambda part: ("desk_orders", {"account_id": part["account"], "day": part["day"]}),
        ),
        ("reports", lambda _: ("list_reports", {"limit": _REPORTS})),
        ("reports/{report}", lambda part: ("get_backtest", {"report": part["report"]})),
        ("audit", lambda _: ("search_audit", {"account_id": "DESK", "limit": _EVENTS})),
        (
            "audit/{account}/{day}",
            lambda part: (
                "search_audit",
                {"account_id": part["account"], "day": part["day"], "limit": _EVENTS},
            ),
        ),
    )
)
