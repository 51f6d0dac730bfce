"""The stacks of distributed research alone, which is all that the emulator needs for a sweep.

python -m infra.research -o DIR
"""

import argparse
import json
from pathlib import Path

from aws_cdk import App

from infra.bundles import ROOT, Bundles
from infra.config import StageSettings
from infra.stacks.data import DataStack
from infra.stacks.research import ResearchStack

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Synthesise into the folder that is named: the stacks that `infra.app` makes with research=true, where
    cdk-nag looks at them."""
    parser = argparse.ArgumentParser(prog="infra.research", description="Write the templates of research.")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    defaults = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(outdir=str(options.output), context=defaults, analytics_reporting=False)
    settings = StageSettings(flavour="local", research=True)
    ResearchStack(app, settings, Bundles("local"), DataStack(app, settings))
    app.synth()


if __name__ == "__main__":
    main()
