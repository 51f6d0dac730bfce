"""`patang positions`: the owner's word on positions of a deployed desk."""

import argparse
import json
from decimal import Decimal

from patang.errors import PatangError
from patang.execution.guarding.price_breaks import adjust_position
from patang.execution.market_clock import market_time
from patang.portfolio.rebasing import Ratio
from patang_workbench.cli.deployed import add_stage_arguments, caller, deployed_desk
from patang_workbench.cli.running import CommandError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs `adjust` and `sold`."""
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    adjust = verbs.add_parser(
        "adjust",
        help="give the ratio of a corporate action",
        description="Adjust a position whose stop and target are suspended after a corporate action. "
        "Its quantity, entry price, stop and target become those of the new shares.",
    )
    adjust.add_argument("account", help="the position's account")
    adjust.add_argument("position_id", help="the position, as the notification names it")
    adjust.add_argument(
        "--ratio", required=True, help="old and new shares: 1:2 for two of one; 1:1 if nothing has changed"
    )
    add_stage_arguments(adjust)
    adjust.set_defaults(do=_adjust)
    sold = verbs.add_parser(
        "sold",
        help="tell of units that were sold outside the desk",
        description="Take units out of a position that are gone from the account, where the desk cannot see "
        "their sale itself. Its protection is made smaller first, then they are booked at the price.",
    )
    sold.add_argument("account", help="the position's account")
    sold.add_argument("position_id", help="the position, as the notification names it")
    sold.add_argument("--quantity", type=int, required=True, help="units that were sold")
    sold.add_argument("--price", type=Decimal, required=True, help="what they brought, rupees a unit")
    add_stage_arguments(sold)
    sold.set_defaults(do=_sold)


def run(options: argparse.Namespace) -> int:
    """Carry out the verb."""
    code: int = options.do(options)
    return code


def _adjust(options: argparse.Namespace) -> int:
    desk = deployed_desk(options.stage)
    try:
        ratio, as_of = Ratio.parse(options.ratio), market_time(desk.store)
        position = adjust_position(
            desk.store, desk.clock, options.account, options.position_id, ratio, as_of, caller()
        )
    except PatangError as error:
        raise CommandError(str(error)) from error
    shown = {
        "position_id": position.position_id,
        "symbol": position.symbol,
        "ratio": str(ratio),
        "quantity": position.quantity,
        "entry_price": float(position.entry_price),
        "stop_loss_price": float(position.stop_loss_price),
        "target_price": float(position.target_price),
    }
    if options.json:
        print(json.dumps(shown))
    else:
        print(", ".join(f"{name} {value}" for name, value in shown.items()))
    return 0


def _sold(options: argparse.Namespace) -> int:
    desk = deployed_desk(options.stage)
    if not options.price.is_finite() or options.price <= 0:
        raise CommandError(f"--price is {options.price}: rupees a unit, above zero")
    try:
        as_of = market_time(desk.store)
        position = desk.outside_sales().by_owner(
            options.account, options.position_id, options.quantity, options.price, caller(), as_of
        )
    except PatangError as error:
        raise CommandError(str(error)) from error
    if position is None:
        raise CommandError(
            f"{options.account} does not hold {options.quantity} units as {options.position_id}: "
            "see `patang status` for what it holds"
        )
    shown = {
        "position_id": position.position_id,
        "symbol": position.symbol,
        "sold": options.quantity,
        "price": float(options.price),
        "left": position.open_quantity - options.quantity,
    }
    if options.json:
        print(json.dumps(shown))
    else:
        print(", ".join(f"{name} {value}" for name, value in shown.items()))
    return 0
