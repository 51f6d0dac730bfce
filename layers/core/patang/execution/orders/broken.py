"""A rule that an order breaks, said so that whoever wrote it knows what to change."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

__all__ = ["Broken", "told"]


class Broken(NamedTuple):
    """The `field` that is wrong, its `value` as text, and what to do."""

    field: str
    value: str
    remedy: str

    @property
    def text(self) -> str:
        return f"{self.field} is {self.value}: {self.remedy}"


def told(found: Iterable[Broken | None]) -> tuple[Broken, ...]:
    """Those rules that are broken; the first of each field, which the others often only follow from."""
    return tuple(_firsts(found))


def _firsts(found: Iterable[Broken | None]) -> Iterator[Broken]:
    seen: set[str] = set()
    for broken in found:
        if broken is not None and broken.field not in seen:
            seen.add(broken.field)
            yield broken
