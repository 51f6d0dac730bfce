"""What a data set is, on a card: where it is from, how much of it there is, and what it cannot tell."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from patang.market.sessions import IST
from patang.model.inputs import StrategyName
from patang.training.dataset import DATASET_COLUMNS, Dataset

__all__ = ["DataCard", "content_hash", "describe", "markdown"]


class DataCard(BaseModel):
    """A data set in numbers.

    `first` and `last` are the days of the first and the last entry, None where there is none. `symbols`
    counts the rows of each underlying or share. `effective_rows` is what the rows are worth if overlapping
    ones share what they tell. `base_rate` is the share of winners after costs, 0 to 1; `coverage` the share
    of rows that know an input; `modelled_share` that of rows whose prices were made by a model. `one_lot`
    counts the rows of one lot that the desk's capital would not have bought. `left_out` counts entries
    without a row by reason, `skipped` names sessions, `findings` counts what the quality checks said of the
    bars. `labels` are the exits and costs assumed. `sha256` is of the rows themselves.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    strategy: StrategyName
    source: str
    first: date | None
    last: date | None
    sessions: int
    symbols: Mapping[str, int]
    rows: int
    effective_rows: float
    base_rate: float
    mean_gross_pct: float
    mean_net_pct: float
    mean_net_pnl: float
    modelled_share: float
    coverage: Mapping[str, float]
    exits: Mapping[str, int]
    one_lot: int
    left_out: Mapping[str, int]
    skipped: Mapping[date, str]
    findings: Mapping[str, int]
    labels: Mapping[str, Any]
    sha256: str


def describe(
    data: Dataset,
    source: str,
    *,
    exits: Mapping[str, int],
    one_lot: int,
    left_out: Mapping[str, int],
    skipped: Mapping[date, str],
    findings: Mapping[str, int],
    labels: Mapping[str, Any],
) -> DataCard:
    """The card of a data set; what the rows do not say themselves is given."""
    days = np.unique([_day(moment) for moment in data.entered.tolist()]).tolist()
    rows = len(data)
    known = np.isfinite(data.inputs).mean(axis=0) if rows else np.zeros(len(data.names))
    return DataCard(
        strategy=data.strategy,
        source=source,
        first=days[0] if days else None,
        last=days[-1] if days else None,
        sessions=len(days),
        symbols=dict(sorted(Counter(data.symbol.tolist()).items())),
        rows=rows,
        effective_rows=round(data.effective_rows, 1),
        base_rate=_mean(data.won),
        mean_gross_pct=_mean(data.gross_pct),
        mean_net_pct=_mean(data.net_pct),
        mean_net_pnl=_mean(data.net_pnl),
        modelled_share=_mean(data.modelled),
        coverage={name: round(float(share), 4) for name, share in zip(data.names, known, strict=True)},
        exits=dict(sorted(exits.items())),
        one_lot=one_lot,
        left_out=dict(sorted(left_out.items())),
        skipped=dict(sorted(skipped.items())),
        findings=dict(sorted(findings.items())),
        labels=dict(labels),
        sha256=content_hash(data),
    )


def content_hash(data: Dataset) -> str:
    """SHA-256 of the rows, hexadecimal: of the values and their names, whatever file holds them."""
    digest = hashlib.sha256("\n".join((data.strategy, *data.names)).encode())
    for name in DATASET_COLUMNS:
        column = getattr(data, name)
        digest.update(f"\n{name} {column.shape}\n".encode())
        if column.dtype.kind == "U":
            digest.update("\n".join(column.tolist()).encode())
        else:
            # One order of bytes and one size, whatever machine asks.
            wide = {"f": "<f8", "i": "<i8", "b": "|b1"}[column.dtype.kind]
            digest.update(np.ascontiguousarray(column, wide).tobytes())
    return digest.hexdigest()


def markdown(card: DataCard) -> str:
    """The card for a person."""
    facts = {
        "source": card.source,
        "entries": f"{card.first} to {card.last}, {card.sessions} sessions",
        "rows": f"{card.rows}, worth {card.effective_rows:.0f} that stand alone",
        "winners after costs": f"{100 * card.base_rate:.1f} %",
        "mean return before costs": f"{card.mean_gross_pct:.4f} %",
        "mean return after costs": f"{card.mean_net_pct:.4f} %",
        "mean result of an entry": f"{card.mean_net_pnl:.2f} rupees",
        "prices made by a model": f"{100 * card.modelled_share:.0f} % of the rows",
        "one lot that the capital would not have bought": f"{card.one_lot} rows",
        "SHA-256 of the rows": f"`{card.sha256}`",
    }
    tables = (
        ("Rows by symbol", card.symbols),
        ("Exits", card.exits),
        ("Entries without a row", card.left_out),
        ("Sessions left out", card.skipped),
        ("What the checks said of the bars", card.findings),
        ("Exits and costs assumed", card.labels),
        ("Share of rows that know an input", card.coverage),
    )
    lines = [f"# Data set of {card.strategy}", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {_cell(value)} |" for name, value in facts.items()]
    for title, table in tables:
        lines += ["", f"## {title}", ""]
        lines += ["| | |", "|---|---|"] if table else ["None."]
        lines += [f"| {_cell(name)} | {_cell(value)} |" for name, value in table.items()]
    return "\n".join([*lines, ""])


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _mean(column: np.ndarray[Any, Any]) -> float:
    """To six places; of nothing it is nothing, so that a card can be written of it."""
    return round(float(column.mean()), 6) if len(column) else 0.0


def _day(moment: int) -> date:
    return datetime.fromtimestamp(moment, UTC).astimezone(IST).date()
