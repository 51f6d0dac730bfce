"""Bearer tokens of programs: issued by the signed-in owner, shown once, listed, revoked."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from functions.api.gate import Admin, Reader, TheDesk
from patang.identity.principal import Scope
from patang.identity.stored import TokenListing

__all__ = ["router"]

router = APIRouter(prefix="/api/tokens")


class TokenRequest(BaseModel):
    """`label` says what it is for; the token ends after `days`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"label": "VS Code on the laptop", "scopes": ["read"], "days": 90}]},
    )

    label: Annotated[str, Field(min_length=1, max_length=80)]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=3)]
    days: Annotated[int, Field(ge=1, le=365)] = 90


class TokenView(BaseModel):
    """A token as it is listed: without its secret, which nobody has but its holder."""

    token_id: str
    label: str
    scopes: tuple[Scope, ...]
    issued_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, listing: TokenListing) -> Self:
        return cls(
            token_id=listing.token_id,
            label=listing.label,
            scopes=listing.scopes,
            issued_at=listing.issued_at,
            ends_at=listing.until,
        )


class NewToken(TokenView):
    """The only time that `token` is shown."""

    token: str


@router.post("", status_code=201)
def issue(wish: TokenRequest, principal: Admin, desk: TheDesk) -> NewToken:
    """Issue a token. Only the signed-in owner can: a token must not make tokens that outlive it."""
    if principal.csrf is None:
        raise HTTPException(403, "tokens are issued to the signed-in owner, in a browser")
    issued = desk.tokens().issue(principal.name, wish.label, wish.scopes, wish.days)
    return NewToken(**TokenView.of(issued.listing).model_dump(), token=issued.secret)


@router.get("")
def listed(principal: Reader, desk: TheDesk) -> tuple[TokenView, ...]:
    """Your tokens that still work."""
    return tuple(TokenView.of(listing) for listing in desk.tokens().list(principal.name))


@router.delete("/{token_id}", status_code=204)
def revoke(token_id: str, principal: Admin, desk: TheDesk) -> None:
    """End a token at once."""
    if not desk.tokens().revoke(principal.name, token_id, principal.actor):
        raise HTTPException(404, "you have no such token")
