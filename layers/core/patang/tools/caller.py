"""Who calls a tool, and the desk that he calls it on."""

from dataclasses import dataclass

from patang.identity.principal import Principal
from patang.identity.rights import one_account, own_accounts
from patang.tools.services import ToolServices

__all__ = ["Caller"]


@dataclass(frozen=True, slots=True)
class Caller:
    """A tool sees accounts through this alone, so that none is looked at that is not the principal's."""

    principal: Principal
    services: ToolServices

    def account(self, asked: str | None) -> str:
        """The account asked for, or the only one there is. Raises UnknownAccount, BadInput."""
        return one_account(self.principal, asked)

    def accounts(self, asked: str | None) -> tuple[str, ...]:
        """The account asked for, or all of the principal's. Raises UnknownAccount."""
        return own_accounts(self.principal, asked)
