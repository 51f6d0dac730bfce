"""A message to see whether the desk's messages arrive."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from functions.api.gate import Admin, TheDesk
from patang.identity.rights import OwnerNeeded
from patang.notifications.trial import SentTrial
from patang.ports import Channel

__all__ = ["router"]

router = APIRouter(prefix="/api/notifications")


class TestRequest(BaseModel):
    """The ways that are tried."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"channels": ["email"]}]})

    channels: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=2)]


@router.post("/test")
def send_test(wish: TestRequest, principal: Admin, desk: TheDesk) -> SentTrial:
    """Send a test message at once, in quiet hours too: one a minute, ten a day (429).

    Messages go to the owner of the desk's data account, who alone may ask for one. An SMS is billed.
    """
    if not desk.settings_page().may_change(principal):
        raise OwnerNeeded("the desk's messages go to the owner of its data account, who may try them")
    return desk.message_trial().send(wish.channels, principal.actor, desk.desk_view().moment())
