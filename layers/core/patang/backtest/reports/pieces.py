"""What a report is made of, before it is HTML: a page of sections of charts, tables, facts and sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from patang.backtest.reports.wording import plain

__all__ = ["Cell", "Facts", "Page", "Part", "Section", "Table", "Text", "card_facts", "of_sign", "share_bars"]

type Kind = Literal["", "gain", "loss", "warn", "quiet"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table. `bar` is the length of a bar beside it, -1 to 1 of the longest; `head`: it names
    its row; `prose`: it is sentences, which may be broken into lines."""

    text: str
    kind: Kind = ""
    bar: float | None = None
    head: bool = False
    prose: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns; all but the first `texts` columns are numbers. `folded`: shown on demand."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    texts: int = 1
    folded: bool = False

    @property
    def two_sided(self) -> bool:
        """Whether bars go to either side of zero."""
        return any(cell.bar is not None and cell.bar < 0 for row in self.rows for cell in row)


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with a value each; `large`: the figures that a page begins with."""

    items: Sequence[tuple[str, Cell]]
    large: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence or two."""

    text: str
    kind: Kind = ""


# A chart is the HTML it has become.
type Part = Table | Facts | Text | Markup


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what is under it; what is `tiled` lies side by side where there is room."""

    title: str
    parts: Sequence[Part]
    tiled: Sequence[Part] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report. `verdict` is the one thing to know, `warnings` what must not be overlooked."""

    title: str
    what: str
    verdict: Text
    warnings: Sequence[str]
    sections: Sequence[Section]


def of_sign(value: float) -> Kind:
    """Profit or loss."""
    return "gain" if value > 0 else "loss" if value < 0 else ""


def share_bars(values: Sequence[float]) -> list[float]:
    """Each value as a part of the largest: the lengths of bars."""
    largest = max((abs(value) for value in values), default=0.0) or 1.0
    return [value / largest for value in values]


def card_facts(card: Mapping[str, object], within: str = "") -> Facts:
    """A card of any depth as facts; what lies deeper is named with what it lies in."""
    items: list[tuple[str, Cell]] = []
    for name, value in card.items():
        called = f"{within}{str(name).replace('_', ' ')}"
        if isinstance(value, Mapping):
            items += card_facts(value, f"{called}: ").items or [(called, Cell(plain(None)))]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            items.append((called, Cell(", ".join(plain(each) for each in value) or plain(None))))
        else:
            items.append((called, Cell(plain(value))))
    return Facts(items)
