"""What the work in hand belongs to: ids that every line of the log carries while it is done.

    tick -> minute (run_id, as_of) -> signal (signal_id) -> proposal (order_id) -> intent (intent_id)

Each carries those before it as far as they are known, so that one id finds the whole way. They are in a
context variable: a call, a thread of a pool and a task of an event loop each have their own.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

__all__ = ["ID_NAMES", "learned", "on_trail", "trail_ids"]


ID_NAMES: Final[tuple[str, ...]] = (
    "request_id",
    "run_id",
    "as_of",
    "account",
    "signal_id",
    "order_id",
    "intent_id",
    "position_id",
)

_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_IDS: ContextVar[Mapping[str, str]] = ContextVar("trail", default=_NONE)


def trail_ids() -> Mapping[str, str]:
    """The ids of the work in hand by name."""
    return _IDS.get()


@contextmanager
def on_trail(**ids: str | None) -> Iterator[None]:
    """What is done inside belongs to these ids too; None is not known. Raises ValueError for another name."""
    before = _IDS.set(_with(ids))
    try:
        yield
    finally:
        _IDS.reset(before)


def learned(**ids: str | None) -> None:
    """These ids were found out on the way: they hold until the end of the `on_trail` around them. Where there
    is none, nobody would end them, and they are not kept."""
    if _IDS.get() is not _NONE:
        _IDS.set(_with(ids))


def _with(ids: Mapping[str, str | None]) -> Mapping[str, str]:
    strange = ids.keys() - set(ID_NAMES)
    if strange:
        raise ValueError(f"{', '.join(sorted(strange))}: a trail has the ids {', '.join(ID_NAMES)}")
    known = {name: value for name, value in ids.items() if value}
    return MappingProxyType({**_IDS.get(), **known})
