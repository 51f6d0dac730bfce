"""State that a client carries between the rounds of a call (2026-07-28): sealed, bound to the call and the
caller, of use for some minutes, and once.

The seal (mcp.server.request_state, AES-256-GCM) shows that the state is ours and unchanged; it would show so
a second time too, so each is taken by a conditional write before it is acted on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Final

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS
from mcp_types.methods import INPUT_REQUIRED_METHODS, is_input_required
from starlette.concurrency import run_in_threadpool

from patang.app import Desk
from patang.identity.principal import Principal

__all__ = ["GOOD_FOR", "RequestStates"]

# Longer than any approval's time; the seal's clock is the machine's.
GOOD_FOR: Final = timedelta(minutes=30)

type _Context = ServerRequestContext[Any, Any]


@dataclass(frozen=True)
class RequestStates:
    """Middleware of a server: what it hands out is sealed, what comes back is opened and used up.

    Without a key (Desk.request_state_keys) it opens nothing and may not be asked to seal: see `available`.
    """

    desk: Desk
    principal_of: Callable[[_Context], Principal]
    audience: str

    @property
    def available(self) -> bool:
        """Whether there is a key to seal with."""
        return bool(self._keys)

    async def __call__(self, context: _Context, call_next: CallNext) -> HandlerResult:
        if context.method not in INPUT_REQUIRED_METHODS:
            return await call_next(context)
        shown = (context.params or {}).get("requestState")
        if shown is None:
            return await self._sealed(context, await call_next(context))
        if not isinstance(shown, str) or not await run_in_threadpool(lambda: self.available):
            raise _refused()

        async def once(opened: _Context) -> HandlerResult:
            if not await run_in_threadpool(self.desk.taken_once().take, shown, GOOD_FOR):
                raise _refused()
            return await call_next(opened)

        return await self._boundary(context, once)

    async def _sealed(self, context: _Context, result: HandlerResult) -> HandlerResult:
        if not is_input_required(result):
            return result

        async def answered(_: _Context) -> HandlerResult:
            return result

        return await self._boundary(context, answered)

    @cached_property
    def _keys(self) -> tuple[str, ...]:
        return self.desk.request_state_keys()

    @cached_property
    def _boundary(self) -> RequestStateBoundary:
        security = RequestStateSecurity(
            keys=self._keys, ttl=GOOD_FOR.total_seconds(), bind_principal=self._speaker
        )
        return RequestStateBoundary(security, default_audience=self.audience)

    def _speaker(self, context: _Context) -> str:
        """Who may bring the state back: the same principal by the same credential."""
        principal = self.principal_of(context)
        return f"{principal.name}\n{principal.actor}"


def _refused() -> MCPError:
    # The words of the SDK's own refusals: nobody learns which check it was.
    return MCPError(INVALID_PARAMS, "Invalid or expired requestState", {"reason": "invalid_request_state"})
