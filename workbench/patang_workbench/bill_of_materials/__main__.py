"""`make sbom`: a bill of materials for each deployable of the paper stage and research, and the home desk."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from patang_workbench.bill_of_materials import LockError, bill_of, deployables
from patang_workbench.deployment.programs import ROOT, ProgramError, Programs
from patang_workbench.deployment.stage import read_stage


def main(arguments: list[str] | None = None) -> int:
    """0 when all are written."""
    parser = argparse.ArgumentParser(prog="make sbom", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / ".patang/sbom")
    options = parser.parse_args(arguments)
    said = {"stage": "paper", "research": "true"}
    try:
        with tempfile.TemporaryDirectory() as scratch:
            Programs().synthesise(read_stage(ROOT / "cdk.json", said), said, Path(scratch), assets=False)
            found = deployables(Path(scratch))
        bills = {deployable.name: bill_of(deployable) for deployable in found}
    except (ProgramError, LockError) as error:
        print(error, file=sys.stderr)
        return 1
    options.output.mkdir(parents=True, exist_ok=True)
    for name, bill in bills.items():
        (options.output / f"{name}.cdx.json").write_text(json.dumps(bill, indent=2, sort_keys=True) + "\n")
        print(f"{name:<16}{len(bill['components']):>4} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())
