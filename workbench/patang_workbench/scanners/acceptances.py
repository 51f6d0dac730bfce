"""What is accepted of others' findings, each with its reason: `accepted.toml`, and lines that say it."""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

__all__ = ["ACCEPTED", "Acceptance", "read_acceptances", "reasons_in_code"]

ACCEPTED: Final = Path(__file__).with_name("accepted.toml")
SHORTEST_REASON: Final = 20
_FIELDS: Final = {"scanner", "rules", "places", "values", "why"}
# Bandit's rules are ruff's S rules with another letter: what is accepted of one is accepted of the other.
_IN_CODE: Final = re.compile(
    r"#\s*noqa:\s*(?P<rules>[A-Z0-9, ]+?)\s*(?:\((?P<in>.+)\)|-\s+(?P<after>.+))\s*$"
)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One rule of one scanner, accepted at a place (a glob), for one value, or on one line of code.

    `entry` counts the entries of the file from 1: their rules and places multiply.
    """

    scanner: str
    rule: str
    place: str
    why: str
    value_sha1: str = ""
    line: int = 0
    shown_value: str = ""
    entry: int = 0

    @property
    def in_code(self) -> bool:
        """It stands on the line itself, where ruff says when it is not needed any more."""
        return self.line > 0

    def fits(self, rule: str, place: str, lines: tuple[int, ...], value_sha1: str) -> bool:
        return (
            rule == self.rule
            and fnmatchcase(place, self.place)
            and (not self.value_sha1 or value_sha1 == self.value_sha1)
            and (not self.line or self.line in lines)
        )

    def __str__(self) -> str:
        value = f" {self.shown_value!r}" if self.shown_value else ""
        where = f"{self.place}:{self.line}" if self.line else self.place
        return f"{self.scanner} {self.rule} {where}{value}: {self.why}"


def read_acceptances(path: Path = ACCEPTED) -> tuple[Acceptance, ...]:
    """Those of a file, one for each rule, place and value. Raises ValueError on an entry without a reason, or
    with fields that nobody reads.
    """
    entries = tomllib.loads(path.read_text())["accepted"]
    return tuple(
        acceptance for number, entry in enumerate(entries, start=1) for acceptance in _each(entry, number)
    )


def reasons_in_code(files: Iterable[Path], root: Path) -> Iterator[Acceptance]:
    """The `# noqa: S...` of lines that say why, as acceptances of bandit's rule of that number."""
    for file in files:
        for number, line in enumerate(file.read_text().splitlines(), start=1):
            found = _IN_CODE.search(line)
            if found is None:
                continue
            why = found["in"] or found["after"]
            for rule in found["rules"].replace(",", " ").split():
                if rule.startswith("S"):
                    place = file.relative_to(root).as_posix()
                    yield Acceptance("bandit", f"B{rule[1:]}", place, why, line=number)


def _each(entry: Mapping[str, Any], number: int) -> Iterator[Acceptance]:
    why = str(entry.get("why", ""))
    if set(entry) - _FIELDS or not {"scanner", "rules", "why"} <= set(entry) or len(why) < SHORTEST_REASON:
        raise ValueError(
            f"{dict(entry)} accepts nothing: give a scanner, rules and a why of {SHORTEST_REASON} letters "
            "or more, and beside them only places and values are known"
        )
    for rule in entry["rules"]:
        for place in entry.get("places", ["*"]):
            for value in entry.get("values", [""]):
                # What the scanner tells of a value; it guards nothing.
                told = hashlib.sha1(value.encode(), usedforsecurity=False).hexdigest() if value else ""
                yield Acceptance(
                    entry["scanner"], rule, place, why, value_sha1=told, shown_value=value, entry=number
                )
