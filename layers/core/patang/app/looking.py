"""What accounts have at the broker, for those who look, wired."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from patang.desk_view.at_broker import AtBroker
from patang.app.watching import Watching

__all__ = ["Looking"]


class Looking(Watching):
    """What the desk has seen at the broker."""

    def at_broker(self) -> "AtBroker":
        # Here, not at the top: those who look at the desk alone show it.
        from patang.desk_view.at_broker import AtBroker

        return AtBroker(self.store, lambda: self.standing_settings().mode)
