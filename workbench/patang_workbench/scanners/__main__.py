"""`make security`: every scanner over the tree as it is, and over the templates that it makes now."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Final

from patang_workbench import scanners
from patang_workbench.deployment.programs import ROOT, ProgramError, Programs
from patang_workbench.deployment.stage import StageName, read_stage
from patang_workbench.scanners.of_code import scanned_code

_STAGES: Final[tuple[StageName, ...]] = ("paper", "live")
# With what an owner adds: somebody to write to, and research.
_SAID: Final = {"owner_email": "owner@example.com", "research": "true"}

type Scan = Callable[[], Iterable[scanners.Finding]]


def main(arguments: list[str] | None = None) -> int:
    """0 when all that was found is accepted, and all that is accepted is found; 1 otherwise."""
    parser = argparse.ArgumentParser(prog="make security", description=__doc__)
    parser.add_argument(
        "--accepted", action="store_true", help="what is accepted, by whom it is found, and why"
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            assemblies = [_assembly(stage, Path(scratch) / stage) for stage in _STAGES]
            found = _all_findings(assemblies)
        except (ProgramError, scanners.ScannerError) as error:
            print(error, file=sys.stderr)
            return 1
        reasons = {key: why for folder in assemblies for key, why in scanners.nag_reasons(folder).items()}
    known = (*scanners.read_acceptances(), *_reasons_in_code())
    sorted_by = {name: scanners.sort_out(name, findings, known) for name, (findings, _) in found.items()}
    for name, result in sorted_by.items():
        seconds = found[name][1]
        print(f"{name:<15}{len(result.open):>5} open {len(result.accepted):>5} accepted {seconds:>6.1f} s")
    print(
        f"{'cdk-nag':<15}{0:>5} open {len(reasons):>5} accepted        in the synthesis, which it would stop"
    )
    wrong = [str(one) for result in sorted_by.values() for one in result.open]
    wrong += [f"accepted and not found: {one}" for result in sorted_by.values() for one in result.unused]
    print("\n".join(wrong), end="\n" if wrong else "")
    if options.accepted:
        print("\n".join(sorted({str(one) for each in sorted_by.values() for _, one in each.accepted})))
        print("\n".join(f"cdk-nag {rule} {place}: {why}" for (rule, place), why in sorted(reasons.items())))
    return 1 if wrong else 0


def _assembly(stage: StageName, folder: Path) -> Path:
    said = {**_SAID, "stage": stage}
    Programs().synthesise(read_stage(ROOT / "cdk.json", said), said, folder, assets=False)
    return folder


def _all_findings(assemblies: list[Path]) -> dict[str, tuple[list[scanners.Finding], float]]:
    """By scanner, with how long it took. The longest begin, so that both cores are done together."""
    templates = [path for folder in assemblies for path in scanners.templates_of(folder)]
    images = scanners.dockerfiles()
    scans: dict[str, Scan] = {
        "detect-secrets": lambda: scanners.detect_secrets(scanners.project_files()),
        "checkov": lambda: chain(scanners.checkov_templates(templates), scanners.checkov_images(images)),
        "bandit": lambda: scanners.bandit(scanned_code()),
        "cfn-lint": lambda: scanners.cfn_lint(templates),
        "asl-validator": lambda: scanners.asl_validator(scanners.definitions(templates)),
        "hadolint": lambda: scanners.hadolint(images),
    }
    with ThreadPoolExecutor(max_workers=2) as both:
        return dict(zip(scans, both.map(_timed, scans.values()), strict=True))


def _timed(scan: Scan) -> tuple[list[scanners.Finding], float]:
    begun = time.perf_counter()
    return list(scan()), time.perf_counter() - begun


def _reasons_in_code() -> Iterable[scanners.Acceptance]:
    return scanners.reasons_in_code((p for p in scanners.project_files() if p.suffix == ".py"), ROOT)


if __name__ == "__main__":
    sys.exit(main())
