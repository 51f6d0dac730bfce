"""The CDK app. `python -m infra.app` writes the cloud assembly without AWS; the `cdk` command calls the same.

python -m infra.app                       the cloud's assembly, into infra/cdk.out
python -m infra.app -c flavour=local -o DIR    the emulator's: assets for this machine
"""

import argparse
import json
import os
import sys
from pathlib import Path

from aws_cdk import App, Tags, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks
from pydantic import ValidationError

from infra.accepted import accept_for_the_desk
from infra.bundles import ROOT, BundleError, Bundles
from infra.config import StageSettings
from infra.stacks.access import AccessStack
from infra.stacks.data import DataStack
from infra.stacks.operations import OperationsStack
from infra.stacks.research import ResearchStack
from infra.stacks.trading import TradingStack
from patang.errors import SettingsError
from patang_workbench.deployment.stage import wrong_values

__all__ = ["build", "main"]


def build(
    *, outdir: Path | None = None, context: dict[str, str] | None = None, build_assets: bool = True
) -> App:
    """The app of one stage, ready to synthesise: patang-<stage>-data, -trading, -access, -operations,
    and -research where the setting asks for it.

    `context` overrides cdk.json. With `build_assets=False` code assets are empty, which is enough to look at
    templates. Raises pydantic.ValidationError on a wrong setting, BundleError if an asset cannot be built.
    """
    defaults = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(
        outdir=None if outdir is None else str(outdir),
        context=defaults,
        post_cli_context=context,
        analytics_reporting=False,
    )
    settings = StageSettings.from_context(app.node)
    bundles = Bundles(settings.flavour, build=build_assets)
    data = DataStack(app, settings)
    trading = TradingStack(app, settings, bundles, data)
    AccessStack(app, settings, bundles, data, trading)
    OperationsStack(app, settings, data, trading)
    if settings.research:
        ResearchStack(app, settings, bundles, data)
    Tags.of(app).add("patang:stage", settings.stage)
    accept_for_the_desk(app)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    return app


def main(arguments: list[str] | None = None) -> int:
    """Synthesise; 0 when the templates are written and pass the checks."""
    parser = argparse.ArgumentParser(prog="infra.app", description="Write the CloudFormation templates.")
    parser.add_argument("-c", "--context", action="append", default=[], type=_pair, metavar="NAME=VALUE")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "infra/cdk.out")
    parser.add_argument(
        "--no-assets", action="store_true", help="templates alone, with the hashes of code that is not built"
    )
    options = parser.parse_args(arguments)
    context = dict(options.context)
    # Under the `cdk` command the folder is the command's to say.
    outdir = None if "CDK_OUTDIR" in os.environ else options.output
    try:
        build(outdir=outdir, context=context, build_assets=not options.no_assets).synth()
    except ValidationError as error:
        print("\n".join(wrong_values(error)), file=sys.stderr)  # noqa: T201 (a command's own message)
        return 1
    except (BundleError, SettingsError) as error:
        print(error, file=sys.stderr)  # noqa: T201 (a command's own message)
        return 1
    return 0


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=VALUE")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
