"""The command line `patang`: one verb a job, with --help, --json where a machine may ask, and exit codes.

0: done. 1: it did not work, or what was asked is not so. 2: the command was not understood. 130: interrupted.
"""

import argparse
import os
import sys

from patang import __version__
from patang_workbench.cli import (
    accounts,
    audit,
    backtest,
    cash,
    chaos,
    charges,
    cost,
    data,
    dataset,
    deploy,
    destroy,
    diff,
    doctor,
    explain,
    features,
    graduation,
    instruments,
    login,
    lookahead,
    mcp,
    notifications,
    parity,
    positions,
    preflight,
    reconcile,
    report,
    restore,
    settings,
    status,
    stopping,
    sweep,
    tools,
    train,
    walk_forward,
)
from patang_workbench.cli.running import CommandError
from patang_workbench.demo import command as demo
from patang_workbench.exchange import command as simulator

__all__ = ["main"]

_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.carry_out(options)
    except CommandError as error:
        print(f"patang: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough. What is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.filename is None:
            raise
        print(f"patang: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="patang", description="A private trading desk for Kite Connect.")
    parser.add_argument("--version", action="version", version=f"patang {__version__}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, module, text in (
        ("demo", demo, "run the desk on this machine against a simulated exchange"),
        ("simulator", simulator, "run the exchange simulator alone"),
        ("status", status, "show what a running desk is doing"),
        ("explain", explain, "tell which numbers decided on a signal, or what a cycle left alone"),
        ("cash", cash, "tell the desk of money paid into or out of an account"),
        ("halt", stopping.halt, "let no account enter anything until it is resumed; exits go on"),
        ("resume", stopping.resume, "take a halt back"),
        ("flatten", stopping.flatten, "halt, cancel entries on their way, sell everything that is held"),
        ("audit", audit, "check the audit log"),
        ("accounts", accounts, "the accounts of a deployed desk: add, change, switch off, delete"),
        ("login", login, "log in at the broker for the day, in this machine's browser"),
        ("notifications", notifications, "who gets the messages of a deployed desk, and confirming it"),
        ("preflight", preflight, "check whether a deployed desk may send entries today"),
        ("reconcile", reconcile, "compare the desk with the broker: orders, trades, positions, funds"),
        ("graduation", graduation, "how far an account is from real money, and what a person waives"),
        ("positions", positions, "adjust a position of a deployed desk after a corporate action"),
        ("data", data, "fetch, check and show historical candles"),
        ("dataset", dataset, "labelled entries from candles, to train models on"),
        ("train", train, "a model from labelled entries, and whether it may decide about money"),
        (
            "walk-forward",
            walk_forward,
            "what models would have foretold, window after window, and the verdict",
        ),
        ("backtest", backtest, "what a desk with these settings would have done on the past"),
        ("features", features, "the features of candles in Parquet files"),
        ("lookahead", lookahead, "whether anything that research settles depends on later bars"),
        ("sweep", sweep, "try many choices of the rules' parameters on the past, quickly"),
        ("parity", parity, "a day of a deployed desk, replayed through the backtest"),
        (
            "report",
            report,
            "the page of a kept run of research; what a desk traded in a period, and for taxes",
        ),
        ("chaos", chaos, "the order path under faults, judged by the exchange's own ledger"),
        ("charges", charges, "what a trade costs, at the rates of a day"),
        ("instruments", instruments, "find and keep what the broker lists"),
        ("tools", tools, "what the desk can be asked, by programs and assistants too, and asking it"),
        (
            "mcp",
            mcp,
            "a desk for assistants on this machine; other MCP servers: log in, list tools, call them",
        ),
        ("settings", settings, "check, show and store the settings of a desk, and what they were"),
        ("deploy", deploy, "a stage into your AWS account, with what will cost money said first"),
        ("cost", cost, "what a stage costs a month, item by item, beside the capital"),
        ("diff", diff, "what a deployment would change, without changing anything"),
        ("destroy", destroy, "a stage out of your AWS account, and what of it stays"),
        ("restore", restore, "rows of a table that was brought back, into the deployed desk's own"),
        ("doctor", doctor, "whether a desk can trade at all, and what is wrong with it"),
    ):
        verb = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        module.add_arguments(verb)
        verb.set_defaults(carry_out=module.run)
    return parser
