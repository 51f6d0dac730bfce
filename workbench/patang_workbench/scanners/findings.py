"""What a scanner found, held against what is accepted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from patang_workbench.scanners.acceptances import Acceptance

__all__ = ["Finding", "Sorted", "sort_out"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `place` is a file below the root, or `<stack>:<logical id>`, the stack without its stage.

    `lines` are the lines of the file that it speaks of, from 1; `value_sha1` is what detect-secrets tells of
    a value instead of the value.
    """

    scanner: str
    rule: str
    place: str
    text: str
    lines: tuple[int, ...] = ()
    value_sha1: str = ""

    def __str__(self) -> str:
        where = f"{self.place}:{self.lines[0]}" if self.lines else self.place
        return f"{self.scanner} {self.rule} {where} {self.text}"


@dataclass(frozen=True, slots=True)
class Sorted:
    """Findings that nobody accepted, those that somebody did, and what is accepted but not found any more."""

    open: tuple[Finding, ...]
    accepted: tuple[tuple[Finding, Acceptance], ...]
    unused: tuple[Acceptance, ...] = field(default=())


def sort_out(scanner: str, findings: Iterable[Finding], acceptances: Sequence[Acceptance]) -> Sorted:
    """Each finding of one scanner with the first acceptance that fits it."""
    of_scanner = [acceptance for acceptance in acceptances if acceptance.scanner == scanner]
    left: list[Finding] = []
    taken: list[tuple[Finding, Acceptance]] = []
    for finding in findings:
        fitting = next(
            (
                acceptance
                for acceptance in of_scanner
                if acceptance.fits(finding.rule, finding.place, finding.lines, finding.value_sha1)
            ),
            None,
        )
        if fitting is None:
            left.append(finding)
        else:
            taken.append((finding, fitting))
    used = {(acceptance.entry, acceptance.value_sha1) for _, acceptance in taken}
    return Sorted(
        tuple(left),
        tuple(taken),
        tuple(one for one in of_scanner if not one.in_code and (one.entry, one.value_sha1) not in used),
    )
