"""Which strategies there are: every file of the playbook is one, and its name is the strategy's."""

import importlib
import pkgutil
from functools import lru_cache
from typing import TYPE_CHECKING

from patang.errors import BadInput, StopTrading
from patang.strategies import playbook

if TYPE_CHECKING:
    from patang.strategies.base import Strategy

__all__ = ["known_strategy", "strategies", "strategy_named", "strategy_names"]


def strategy_names() -> tuple[str, ...]:
    """The names of all strategies, sorted; known without reading any of them."""
    return _names(tuple(playbook.__path__))


def known_strategy(name: str) -> str:
    """The name itself. Raises ValueError where the playbook has no such strategy."""
    if name not in strategy_names():
        raise ValueError(f"there is no strategy {name!r}: the playbook has {', '.join(strategy_names())}")
    return name


def strategies() -> tuple["Strategy", ...]:
    """Every strategy of the playbook, by name."""
    return tuple(map(strategy_named, strategy_names()))


def strategy_named(name: str) -> "Strategy":
    """The strategy of that name.

    Raises BadInput if there is none, StopTrading if its file does not define it.
    """
    if name not in strategy_names():
        raise BadInput(f"there is no strategy {name!r}: the playbook has {', '.join(strategy_names())}")
    module = importlib.import_module(f"{playbook.__name__}.{name}")
    found: Strategy | None = getattr(module, "strategy", None)
    if found is None or found.name != name:
        raise StopTrading(
            f"{module.__file__} must define `strategy`, an object of a Strategy named {name!r}: "
            f"it has {getattr(found, 'name', None)!r}"
        )
    return found


# Asked whenever a signal is read.
@lru_cache(4)
def _names(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(module.name for module in pkgutil.iter_modules(path)))
