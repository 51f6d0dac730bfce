"""Backtests, asked for: what a desk with these settings would have done on kept candles."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from patang.backtest.summary import RunState
from patang.tools.caller import Caller
from patang.tools.tool import AnyTool, Tool, ToolInput, ToolReply

__all__ = ["TOOLS"]


class RunInput(ToolInput):
    """What to run, and with which assumptions. Days are of the market, both included."""

    from_date: Annotated[date, Field(description="YYYY-MM-DD")]
    to_date: Annotated[date, Field(description="YYYY-MM-DD")]
    symbols: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Z0-9&_: -]{1,40}$")], ...],
        Field(max_length=100, description="indices and NSE shares, as NIFTY, INFY; the settings' without"),
    ] = ()
    settings: Annotated[
        Mapping[str, Any],
        Field(max_length=50, description="what differs from the desk's, by path as get_settings has it"),
    ] = {}
    entries: Annotated[
        Literal["limit", "market"],
        Field(description="the desk's limit orders, or protected market orders to compare with"),
    ] = "limit"
    latency_bars: Annotated[int, Field(ge=0, le=60, description="minutes from decision to order")] = 1
    volume_share_pct: Annotated[
        float, Field(gt=0, le=100, description="of a minute's volume, at most, for one order")
    ] = 10


class BacktestRun(ToolReply):
    """A run that was asked for. RUNNING: read it with get_backtest in half a minute; DONE: so too;
    REFUSED: it cannot be made, `told` says why; FAILED: it broke off, the same call starts it anew."""

    report: str
    state: RunState
    first: date
    last: date
    told: str | None = None


def _run(caller: Caller, args: RunInput) -> BacktestRun:
    from patang.backtest.asked import BacktestWish
    from patang.market.named_hours import symbol_of
    from patang.settings.edits import edited

    services = caller.services
    stored = services.settings_changes().stored()
    # As they are meant, limits that wait for the next session included.
    meant = services.standing_settings() if stored is None else stored.wanted()
    wish = BacktestWish(
        first=args.from_date,
        last=args.to_date,
        symbols=tuple(dict.fromkeys(map(symbol_of, args.symbols))),
        settings=edited(meant, args.settings),
        entries=args.entries,
        latency_bars=args.latency_bars,
        volume_share=args.volume_share_pct / 100,
    )
    moment = services.desk_view().moment()
    found = services.backtests().ask(wish, args.settings, caller.principal.actor, moment)
    return BacktestRun(
        report=found.asked.report,
        state=found.state,
        first=found.asked.first,
        last=found.asked.last,
        told=found.told,
    )


TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="run_backtest",
        title="Run a backtest",
        description="What the desk's strategies, models and limits would have done on kept candles, with "
        "charges and slippage: over days, for symbols, with settings that differ. It runs on the desk's "
        "research workers for a minute or so, for less than a cent; read it with get_backtest. The same "
        "question is answered by the same run. It says what was, not what will be, and changes no setting.",
        input=RunInput,
        output=BacktestRun,
        effect="changes",
        scope="trade",
        run=_run,
        example={"from_date": "2026-06-01", "to_date": "2026-06-30", "symbols": ["NIFTY", "INFY"]},
    ),
)
