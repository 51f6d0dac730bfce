"""The exchange of a login's request token for the day's access token, and giving that up."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from patang.errors import SessionExpired
from patang.ports import BrokerLogin
from patang.settings import KiteSettings

if TYPE_CHECKING:
    import requests

__all__ = ["KiteLogin"]

# The owner has consented online, or on paper (https://kite.trade/docs/connect/v3/user/, meta.demat_consent).
_CONSENTED = frozenset({"consent", "physical"})


class KiteLogin:
    """LoginExchange: the official client makes the checksum of key, request token and secret."""

    def __init__(self, settings: Callable[[], KiteSettings]) -> None:
        self._settings = settings

    def exchange(self, api_key: str, api_secret: str, request_token: str) -> BrokerLogin:
        reply = self._asked(
            api_key,
            lambda client: client.generate_session(request_token, api_secret),
            "the broker does not accept this login (used before, or too late): log in again",
        )
        return BrokerLogin(
            user_id=str(reply["user_id"]),
            access_token=str(reply["access_token"]),
            demat_consent=(reply.get("meta") or {}).get("demat_consent") in _CONSENTED,
        )

    def end(self, api_key: str, access_token: str) -> None:
        self._asked(
            api_key,
            lambda client: client.invalidate_access_token(access_token),
            "the session was over before it was logged out",
        )

    def _asked(self, api_key: str, call: Callable[[Any], Any], over: str) -> Any:
        # Not at the top: every function knows the accounts, few are deployed with the client's layer.
        from patang.adapters.kite.calls import kite_client
        from patang.adapters.kite.errors import Reply, sort_error

        client = kite_client(api_key, None, self._settings())
        replies: list[Reply] = []

        def remember(response: "requests.Response", **_: Any) -> None:
            replies.append(Reply.of(response))

        client.reqsession.hooks["response"].append(remember)
        try:
            return call(client)
        except Exception as error:
            # The cause is not chained: its request carries the checksum, or the token.
            sorted_error = sort_error(error, replies[-1] if replies else None, sending=False)
        raise SessionExpired(over) if isinstance(sorted_error, SessionExpired) else sorted_error
