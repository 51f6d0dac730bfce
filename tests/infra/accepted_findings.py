"""What the tests of the scanners say alike: everything found is accepted, everything accepted is found."""

from collections.abc import Iterable, Sequence

from patang_workbench import scanners


def nothing_but_accepted(
    scanner: str,
    findings: Iterable[scanners.Finding],
    known: Sequence[scanners.Acceptance] | None = None,
) -> None:
    result = scanners.sort_out(scanner, findings, scanners.read_acceptances() if known is None else known)
    assert [str(finding) for finding in result.open] == []
    assert [str(acceptance) for acceptance in result.unused] == []
