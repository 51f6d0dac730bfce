"""Whether the desk may trade: preflight, comparison with the broker, the way to real money."""

from patang.errors import BadInput
from patang.execution.graduation import Graduation
from patang.execution.reconciliation.record import Reconciliation
from patang.market.preflight import Preflight, load_preflight
from patang.tools.caller import Caller
from patang.tools.tool import AccountInput, AnyTool, Tool, ToolReply

__all__ = ["TOOLS"]


class Reconciliations(ToolReply):
    """The latest comparison of each account that was ever compared."""

    accounts: tuple[Reconciliation, ...]


class ReconciliationAsked(Reconciliations):
    """`asked` are the accounts that are being compared now; `accounts` is what was found last."""

    asked: tuple[str, ...]


class Graduations(ToolReply):
    """An entry for each account."""

    accounts: tuple[Graduation, ...]


def _preflight(caller: Caller, args: AccountInput) -> Preflight:
    accounts, services = caller.accounts(args.account_id), caller.services
    found = load_preflight(services.store, services.desk_view().moment().date())
    if found is None:
        raise BadInput("no preflight has run today: it does at 09:00 IST on trading days")
    return found.seen_by(accounts)


def _latest(caller: Caller, args: AccountInput) -> Reconciliations:
    accounts = caller.accounts(args.account_id)
    return Reconciliations(accounts=caller.services.reconciliations().latest(accounts))


def _reconcile(caller: Caller, args: AccountInput) -> ReconciliationAsked:
    accounts, reconciliations = caller.accounts(args.account_id), caller.services.reconciliations()
    latest = reconciliations.latest(accounts)
    reconciliations.ask(accounts)
    return ReconciliationAsked(asked=accounts, accounts=latest)


def _graduation(caller: Caller, args: AccountInput) -> Graduations:
    services = caller.services
    day = services.desk_view().moment().date()
    names = caller.accounts(args.account_id)
    return Graduations(accounts=tuple(services.graduations().progress(name, day) for name in names))


TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="preflight",
        title="Preflight of the day",
        description="The day's checks before the open and whether they passed: the desk's and yours.",
        input=AccountInput,
        output=Preflight,
        effect="looks",
        scope="read",
        run=_preflight,
        example={},
    ),
    Tool(
        name="get_reconciliation",
        title="Last comparison with the broker",
        description="Whether the desk and the broker told the same of orders, trades, positions and funds "
        "when they were last compared, and every difference.",
        input=AccountInput,
        output=Reconciliations,
        effect="looks",
        scope="read",
        run=_latest,
        example={},
    ),
    Tool(
        name="reconcile",
        title="Compare with the broker anew",
        description="Has accounts compared with the broker within a few seconds and answers with what was "
        "found last; read the new result with get_reconciliation.",
        input=AccountInput,
        output=ReconciliationAsked,
        effect="changes",
        scope="trade",
        run=_reconcile,
        example={"account_id": "main"},
    ),
    Tool(
        name="get_graduation",
        title="On the way to real money",
        description="What each account has shown on paper, and what is missing before it trades real money.",
        input=AccountInput,
        output=Graduations,
        effect="looks",
        scope="read",
        run=_graduation,
        example={},
    ),
)
