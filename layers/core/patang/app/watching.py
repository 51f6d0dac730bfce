"""What looks after the desk, wired: its pulse, its figures, what the broker has charged it."""

from typing import TYPE_CHECKING

from patang.app.trading import Trading
from patang.risk.desk_figures import DeskFigures

if TYPE_CHECKING:
    from patang.market.heartbeat import Heartbeat
    from patang.risk.charge_check import ChargeCheck

__all__ = ["Watching"]


class Watching(Trading):
    """Trading, and who watches it."""

    def heartbeat(self) -> "Heartbeat":
        # Here, not at the top: one function alone has a heart.
        from patang.adapters.echo import echoed_address
        from patang.market.heartbeat import Heartbeat

        return Heartbeat(self.metrics, echoed_address, self._environment.get("HEARTBEAT_URL"))

    def charge_check(self) -> "ChargeCheck":
        # Here, not at the top: one function alone asks the broker what it has charged.
        from patang.risk.charge_check import ChargeCheck

        return ChargeCheck(
            self.store,
            self.accounts(),
            self.broker,
            lambda account: self._kite_broker(account, None),
            self.standing_settings,
            self.clock,
            self.notifier,
            self.metrics,
        )

    def desk_figures(self) -> DeskFigures:
        return DeskFigures(self.store, self.accounts().list, self.standing_settings, self.clock, self.metrics)
