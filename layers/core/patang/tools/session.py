"""The session at the broker: whether it lives, and where its owner logs in."""

from patang.desk_view.views import SessionView
from patang.public_address import known_address
from patang.tools.caller import Caller
from patang.tools.tool import AccountInput, AnyTool, Tool, ToolReply

__all__ = ["TOOLS"]


class SessionState(SessionView):
    """`login_url` is where the owner logs in, in a browser of his own; null while the session lives."""

    login_url: str | None = None


class Sessions(ToolReply):
    """An entry for each account."""

    accounts: tuple[SessionState, ...]


class LoginReply(ToolReply):
    """Where the owner logs in. Nobody else can do it for him."""

    account: str
    state: str
    login_url: str
    message: str


def _session(caller: Caller, args: AccountInput) -> Sessions:
    views = caller.services.desk_view().sessions(caller.accounts(args.account_id))
    return Sessions(accounts=tuple(_with_login(caller, view) for view in views))


def _with_login(caller: Caller, view: SessionView) -> SessionState:
    over = view.state != "ACTIVE" and caller.services.public_url()
    return SessionState(**view.model_dump(), login_url=_login_url(caller, view.account) if over else None)


def _login(caller: Caller, args: AccountInput) -> LoginReply:
    account = caller.account(args.account_id)
    (view,) = caller.services.desk_view().sessions((account,))
    alive = view.state == "ACTIVE"
    message = (
        f"{view.label} is logged in until {view.valid_until:%H:%M on %Y-%m-%d} IST: no login is needed."
        if alive
        else f"{view.label} has no session at the broker. Its owner opens this link in a browser and logs in "
        "there; the next call then works."
    )
    return LoginReply(
        account=account, state=view.state, login_url=_login_url(caller, account), message=message
    )


def _login_url(caller: Caller, account: str) -> str:
    address = known_address(caller.services.public_url())
    # The login is tied to the browser that begins it, so the link leads to the desk and not to the broker.
    return f"{address}{caller.services.accounts().account(account).login_path}"


TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="get_session",
        title="Session at the broker",
        description="Whether each account is logged in at the broker, until when, or where to log in.",
        input=AccountInput,
        output=Sessions,
        effect="looks",
        scope="read",
        run=_session,
        example={},
    ),
    Tool(
        name="login",
        title="Log in at the broker",
        description="The link by which the owner logs an account in at Kite. Call it when a tool answers "
        "that the session has expired; show the link to the owner. It changes nothing by itself.",
        input=AccountInput,
        output=LoginReply,
        effect="looks",
        scope="read",
        run=_login,
        example={"account_id": "main"},
    ),
)
