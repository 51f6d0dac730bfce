"""What the strategies wished for, why, and on which numbers."""

from typing import Annotated

from pydantic import Field

from patang.desk_view.explanations import CycleExplained, SignalExplained
from patang.desk_view.views import SignalView
from patang.errors import BadInput
from patang.tools.caller import Caller
from patang.tools.desk import MarketDay
from patang.tools.lists import PageInput, Table, table_of
from patang.tools.tool import AccountInput, AnyTool, Tool, ToolInput, ToolReply

__all__ = ["TOOLS"]


class SignalsInput(PageInput):
    """Which signals."""

    day: MarketDay = None
    limit: Annotated[int, Field(ge=1, le=100, description="at most so many, the newest first")] = 20
    with_features: Annotated[bool, Field(description="with the model's inputs, some 23 numbers each")] = False


class SignalInput(AccountInput):
    """Which signal, and whose answers to it."""

    signal_id: Annotated[str, Field(min_length=1, max_length=120, description="as list_signals has it")]


class CycleInput(ToolInput):
    """Which cycle."""

    run_id: Annotated[
        str,
        Field(pattern=r"^\d{4}-\d{2}-\d{2}-\d{4}$", description="a minute of market time: YYYY-MM-DD-HHMM"),
    ]


class Signals(ToolReply):
    """Signals, newest first, in `table` where it was asked for `compact`; `more`: there are older ones."""

    signals: tuple[SignalView, ...]
    more: bool
    table: Table | None = None


def _list(caller: Caller, args: SignalsInput) -> Signals:
    view = caller.services.desk_view()
    day = args.day or view.market_now().date()
    end = args.start + args.limit
    found = view.signals(day, limit=end + 1, with_features=args.with_features)
    part, more = found[args.start : end], len(found) > end
    if args.compact:
        return Signals(signals=(), more=more, table=table_of(part, _SIGNAL))
    return Signals(signals=part, more=more)


def _explain(caller: Caller, args: SignalInput) -> SignalExplained:
    found = caller.services.explanations().signal(args.signal_id, caller.accounts(args.account_id))
    if found is None:
        raise BadInput(f"there is no signal {args.signal_id!r}: list_signals names those of a day")
    return found


def _cycle(caller: Caller, args: CycleInput) -> CycleExplained:
    found = caller.services.explanations().cycle(args.run_id)
    if found is None:
        raise BadInput(
            f"nothing is kept of a cycle {args.run_id}: name a minute in which the market was open"
        )
    return found


# What a table of signals says.
_SIGNAL = (
    "signal_id", "as_of", "strategy", "symbol", "entry_price", "confidence", "expected_return_pct", "refused",
)  # fmt: skip

TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="list_signals",
        title="Signals",
        description="Signals of a day, newest first, taken and refused, with the gates that refused them and "
        "the reason in words. Prices in rupees.",
        input=SignalsInput,
        output=Signals,
        effect="looks",
        scope="read",
        run=_list,
        example={"limit": 5},
    ),
    Tool(
        name="explain_signal",
        title="Why this signal",
        description="The rules that a signal passed or failed with their numbers, what each input gave to "
        "the model's answer, and what your accounts made of it.",
        input=SignalInput,
        output=SignalExplained,
        effect="looks",
        scope="read",
        run=_explain,
        example={"signal_id": "S202608181046-NIFTY-long_options"},
    ),
    Tool(
        name="explain_cycle",
        title="Why nothing was entered",
        description="What one minute's cycle found, and everything that the strategies left alone with the "
        "numbers that decided.",
        input=CycleInput,
        output=CycleExplained,
        effect="looks",
        scope="read",
        run=_cycle,
        example={"run_id": "2026-08-18-1046"},
    ),
)
