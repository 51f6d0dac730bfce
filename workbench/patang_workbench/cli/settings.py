"""`patang settings`: show and store the settings of a deployed desk, as one YAML file."""

import argparse
import json
import sys
from pathlib import Path

import yaml
from pydantic import ValidationError

from patang.keys import LIVE_INTENTS, OPEN_POSITIONS, settings_key
from patang.ports import Put, StateStore
from patang.settings import Settings, load_settings
from patang_workbench.cli.deployed import add_stage_arguments, deployed_desk
from patang_workbench.cli.running import CommandError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs `show` and `put`."""
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    show = verbs.add_parser("show", help="print what is in force", description="Print what is in force.")
    add_stage_arguments(show)
    show.set_defaults(do=_show)
    put = verbs.add_parser(
        "put", help="validate a file and store it", description="Validate and store a file."
    )
    put.add_argument("file", type=Path, help="YAML; what it leaves out takes the safe default")
    add_stage_arguments(put)
    put.set_defaults(do=_put)


def run(options: argparse.Namespace) -> int:
    """Carry out the verb."""
    code: int = options.do(options)
    return code


def _show(options: argparse.Namespace) -> int:
    _print(load_settings(deployed_desk(options.stage).store), options)
    return 0


def _put(options: argparse.Namespace) -> int:
    settings = _read(options.file)
    store = deployed_desk(options.stage).store
    _hold_mode(store, settings)
    store.write(Put(settings_key(), {"document": settings.model_dump_json()}))
    _print(settings, options)
    return 0


def _hold_mode(store: StateStore, settings: Settings) -> None:
    """What was bought in one mode is guarded and sold in that mode only: it has to be closed before."""
    mode = load_settings(store).mode
    if mode == settings.mode:
        return
    held = len(store.query_index(OPEN_POSITIONS)) + len(store.query_index(LIVE_INTENTS))
    if held:
        raise CommandError(
            f"{held} positions or orders are open in mode {mode}: close them before mode {settings.mode}"
        )


def _read(path: Path) -> Settings:
    try:
        return Settings.model_validate(yaml.safe_load(path.read_text()) or {})
    except (OSError, yaml.YAMLError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))} = {e['input']!r}: {e['msg']}" for e in error.errors()]
        raise CommandError(f"{path} is not stored: " + "; ".join(lines)) from error


def _print(settings: Settings, options: argparse.Namespace) -> None:
    values = settings.model_dump(mode="json")
    if options.json:
        print(json.dumps(values))
    else:
        yaml.safe_dump(values, sys.stdout, sort_keys=False, allow_unicode=True)
