"""The programs that a person has let in by OAuth, and their end."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from functions.api.gate import Admin, Reader, TheDesk
from patang.identity.principal import Scope
from patang.oauth.answers import ConnectedClient

__all__ = ["router"]

router = APIRouter(prefix="/api/clients")


class ClientView(BaseModel):
    """`name` is the program's own text; `vouched_by` the host that publishes its document, null where nobody
    does. `used_at`: when it last fetched tokens. `until`: when it is out if it fetches none any more."""

    grant_id: str
    name: str
    vouched_by: str | None
    scopes: tuple[Scope, ...]
    granted_at: datetime
    used_at: datetime
    until: datetime

    @classmethod
    def of(cls, client: ConnectedClient) -> Self:
        return cls(
            grant_id=client.grant_id,
            name=client.name,
            vouched_by=client.vouched_by,
            scopes=client.scopes,
            granted_at=client.granted_at,
            used_at=client.used_at,
            until=client.until,
        )


@router.get("")
def connected(principal: Reader, desk: TheDesk) -> tuple[ClientView, ...]:
    """Your connected programs, the last used first."""
    return tuple(ClientView.of(client) for client in desk.grants().connected(principal.name))


@router.delete("/{grant_id}", status_code=204)
def end(grant_id: Annotated[str, Path(max_length=80)], principal: Admin, desk: TheDesk) -> None:
    """End one at once: its tokens are worth nothing from now on."""
    if not desk.grants().disconnect(principal.name, grant_id, principal.actor):
        raise HTTPException(404, "you have no such program: it may have ended by itself")
