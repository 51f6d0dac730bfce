"""What a run came to, counted in the desk's own tables, executions, stream and store."""

import io
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow.parquet as pq

from patang.approvals.proposal import Proposal
from patang.execution.intent import OrderIntent
from patang.keys import account_partition, cycle_key, day_key, signal_partition
from patang.market.cycle import Cycle
from patang.market.instruments import INDEX_NAMES
from patang.market.sessions import IST
from patang.portfolio.account_state import AccountDay
from patang.portfolio.position import Position
from patang.records import load, load_all
from patang.strategies.signal import Signal
from patang_workbench.local_stack.stack import DESK_ACCOUNT, LocalStack

__all__ = ["Report", "make_report"]

type Report = dict[str, Any]

_DECIDED = ("APPROVED", "DECLINED")


def make_report(stack: LocalStack, until: datetime) -> Report:
    """Counts and results of the market's day; candles are compared up to the minute that ends at `until`."""
    desk, day = stack.desk, stack.day
    own = account_partition(DESK_ACCOUNT)
    proposals = load_all(desk.store, Proposal, own, "PROPOSAL#")
    intents = load_all(desk.store, OrderIntent, own, "INTENT#")
    positions = load_all(desk.store, Position, own, "POSITION#")
    cycles = load_all(desk.store, Cycle, cycle_key(until).partition)
    signals = load_all(desk.store, Signal, signal_partition(day))
    result = load(desk.store, AccountDay, day_key(DESK_ACCOUNT, day)) or AccountDay(
        account=DESK_ACCOUNT, day=day
    )
    closed = [position for position in positions if position.state == "CLOSED"]
    stats = stack.exchange.stats()
    return {
        "market": stack.exchange.facts["market"],
        "date": day.isoformat(),
        "profile": stack.settings.profile,
        "mode": stack.settings.mode,
        "ticks": stats["ticks_sent"],
        "reached_speed": round(stats["reached_speed"], 1),
        **_candles(stack, day, until),
        "cycles": sum(cycle.state != "SKIPPED" for cycle in cycles),
        "cycles_skipped": sum(cycle.state == "SKIPPED" for cycle in cycles),
        "signals": sum(not signal.refused for signal in signals),
        "signals_refused": sum(bool(signal.refused) for signal in signals),
        "refusals": dict(sum((Counter(cycle.refusals) for cycle in cycles), Counter())),
        "approvals": sum(p.decided_at is not None for p in proposals),
        "orders": sum(intent.broker_order_id is not None for intent in intents),
        "fills": sum(intent.filled_quantity > 0 for intent in intents),
        "closed_trades": len(closed),
        "open_positions": len(positions) - len(closed),
        "realised_pnl": float(result.realised_pnl),
        "charges": round(float(result.charges), 2),
        **_audit(stack, day),
        "kinesis_records": _kinesis_records(stack),
        "executions": _executions(stack),
        "dead_letters": _waiting(stack, "DeadLetterQueueUrl"),
        "ingester_restarts": stack.ingester.restarts,
        "trades": [_trade(position, proposals) for position in sorted(closed, key=lambda p: p.entry_time)],
    }


def _trade(position: Position, proposals: list[Proposal]) -> Report:
    proposal = next(p for p in proposals if p.intent_id == position.entry_intent_id)
    return {
        "symbol": position.symbol,
        "strategy": position.strategy,
        "quantity": position.quantity,
        "entry_time": position.entry_time.isoformat(),
        "entry_price": float(position.entry_price),
        "exit_time": position.exit_time.isoformat() if position.exit_time else None,
        "exit_price": float(position.exit_price or 0),
        "exit_reason": position.exit_reason,
        "charges": round(float(position.entry_charges + (position.exit_charges or 0)), 2),
        "realised_pnl": float(position.realised_pnl or 0),
        "position_id": position.position_id,
        "entry_intent_id": position.entry_intent_id,
        "exit_intent_id": position.exit_intent_id,
        "order_id": proposal.order_id,
        "run_id": proposal.run_id,
        "approved_by": proposal.decided_by,
    }


def _candles(stack: LocalStack, day: date, until: datetime) -> Report:
    """The archived candles against the ones that the exchange made its ticks from."""
    source = stack.exchange.candles()
    compared = different = archived = 0
    for name, bars in source.items():
        symbol = INDEX_NAMES.get(name, name)
        path = f"historical_candles/symbol={symbol}/date={day}/candles_{symbol}_{day}.parquet"
        content = stack.desk.objects.get(path)
        rows = [] if content is None else pq.read_table(io.BytesIO(content)).to_pylist()
        archived += len(rows)
        found = {row["timestamp"].astimezone(IST): row for row in rows}
        for start, *values in bars:
            moment = datetime.fromisoformat(start)
            if moment + timedelta(minutes=1) > until:
                continue
            compared += 1
            row = found.get(moment)
            different += row is None or [
                row[part] for part in ("open", "high", "low", "close", "volume")
            ] != list(values)
    return {
        "candles": archived,
        "candles_compared": compared,
        "candles_different": different,
        "candles_equal": compared > 0 and different == 0,
    }


def _audit(stack: LocalStack, day: date) -> Report:
    log, today = stack.desk.audit_log(), stack.desk.clock.now().date()
    days = sorted({day, today})
    results = [log.verify(DESK_ACCOUNT, one) for one in days]
    unlinked = sum(len(log.unlinked(DESK_ACCOUNT, one)) for one in days)
    return {
        "audit_entries": sum(result.entries for result in results),
        "audit_unlinked": unlinked,
        "audit_verified": all(result.ok for result in results) and unlinked == 0,
    }


def _kinesis_records(stack: LocalStack) -> int:
    reader = stack.desk.stream_reader
    return sum(1 for shard in reader.shards() for _ in reader.read(shard, None, str(2**256)))


def _executions(stack: LocalStack) -> Report:
    client = stack.emulator.client("stepfunctions")
    counts = {}
    for name, output in (("trading_cycle", "TradingCycleArn"), ("order", "OrderWorkflowArn")):
        pages = client.get_paginator("list_executions").paginate(stateMachineArn=stack.outputs[output])
        counts[name] = dict(Counter(one["status"] for page in pages for one in page["executions"]))
    return counts


def _waiting(stack: LocalStack, output: str) -> int:
    attributes = stack.emulator.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs[output], AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"])
