"""Whether all is well: what needs the owner now, the worst first."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import quote

from patang.desk_view.risk_views import RiskView
from patang.desk_view.views import PositionView, ShownModel, StatusView

__all__ = ["Concern", "concerns"]

_LAYING_TAKES: Final = timedelta(minutes=1)


class Concern(ShownModel):
    """Something that is not as it should be. `weight`: "act" is for now, "know" for today. `link` leads to
    where it is seen to, if there is such a place."""

    weight: Literal["act", "know"]
    text: str
    link: str | None = None


def concerns(status: StatusView) -> tuple[Concern, ...]:
    """What the owner should know of a desk that looks so; nothing if all is well."""
    found = [
        *_sessions(status),
        *_approvals(status),
        *_data(status),
        *_positions(status),
        *_risk(status),
        *_desk(status),
    ]
    return tuple(sorted(found, key=lambda concern: concern.weight != "act"))


def _sessions(status: StatusView) -> Iterator[Concern]:
    for session in status.sessions:
        if session.state != "ACTIVE":
            yield Concern(
                weight="act",
                text=f"{session.account} is not logged in at the broker (session {session.state.lower()}): "
                "no new entry is made, and exits are not sent",
                link=f"/login?account={quote(session.account, safe='')}",
            )


def _approvals(status: StatusView) -> Iterator[Concern]:
    for one in status.approvals:
        yield Concern(
            weight="act",
            text=f"{one.title} waits for your yes",
            link=f"/proposals/{quote(one.account, safe='')}/{quote(one.order_id, safe='')}",
        )


def _data(status: StatusView) -> Iterator[Concern]:
    if status.data.stale and status.positions:
        yield Concern(weight="act", text="Prices are old while positions are open")
    elif status.data.stale:
        yield Concern(weight="know", text="Prices are old: as after the close, or before the first tick")


def _positions(status: StatusView) -> Iterator[Concern]:
    for position in status.positions:
        if position.state == "OPEN" and _is_bare(position, status.data.market_time):
            yield Concern(
                weight="act",
                text=f"{position.symbol} has no stop at the broker: it is protected only while the desk runs",
                link=f"/positions/{quote(position.position_id, safe='')}",
            )


def _is_bare(position: PositionView, market_time: datetime | None) -> bool:
    """Whether nothing has rested for it for longer than laying takes."""
    if position.resting is not None and position.resting.state == "RESTING":
        return False
    since = position.entry_time if position.resting is None else position.resting.since
    return market_time is not None and market_time - since >= _LAYING_TAKES


def _risk(status: StatusView) -> Iterator[Concern]:
    for account in status.risk:
        if account.halted:
            yield Concern(weight="act", text=_halted(account))
        elif account.blocked_by is not None:
            yield Concern(
                weight="know", text=f"{account.account} takes no new entry now: {account.blocked_because}"
            )


def _halted(account: RiskView) -> str:
    by = f" by {account.halted_by.removeprefix('person:')}" if account.halted_by else ""
    until = " for the day" if account.state == "REDUCING" else ""
    return f"{account.account} is halted{until}{by}: {account.halt_reason or 'no reason was given'}"


def _desk(status: StatusView) -> Iterator[Concern]:
    for problem in status.subscription_problems:
        yield Concern(
            weight="know", text=f"Messages may not reach you: {problem}", link="/settings/notifications"
        )
    if status.models_not_promoted:
        yield Concern(
            weight="know",
            text=f"Models {status.models_not_promoted}. No trade is proposed; your own orders work",
            link="/research",
        )
