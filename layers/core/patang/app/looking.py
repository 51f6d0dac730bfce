"""What the desk has kept of its days and of the broker, for those who look, wired."""

from functools import cached_property
from typing import TYPE_CHECKING

from patang.app.watching import Watching
from patang.audit.log import AuditLog

if TYPE_CHECKING:
    from patang.desk_view.at_broker import AtBroker
    from patang.desk_view.candles import KeptCandles
    from patang.desk_view.explanations import Explanations
    from patang.desk_view.results import Results
    from patang.desk_view.service import DeskView
    from patang.desk_view.trades import TradeLists

__all__ = ["Looking"]


class Looking(Watching):
    """Whatever is shown: it reads, and changes nothing."""

    def audit_log(self) -> AuditLog:
        return AuditLog(self.store, self.audit_store)

    def desk_view(self) -> "DeskView":
        # Here, not at the top: what is shown are many models, and most functions show nothing.
        from patang.desk_view.service import DeskView

        return DeskView(
            self.store,
            self.accounts(),
            self.audit_log(),
            self.clock,
            self.standing_settings,
            self.settings,
        )

    def trade_lists(self) -> "TradeLists":
        # Here, as below, not at the top: of those who look at the desk few look at so much of it.
        from patang.desk_view.trades import TradeLists

        return TradeLists(self.store, self.standing_settings)

    def results(self) -> "Results":
        from patang.desk_view.results import Results

        return Results(self.store, self.desk_view())

    def kept_candles(self) -> "KeptCandles":
        """One a process: it remembers what it has read."""
        return self._kept_candles

    @cached_property
    def _kept_candles(self) -> "KeptCandles":
        from patang.desk_view.candles import KeptCandles

        return KeptCandles(self.objects)

    def explanations(self) -> "Explanations":
        from patang.desk_view.explanations import Explanations

        return Explanations(self.store, self.objects)

    def at_broker(self) -> "AtBroker":
        from patang.desk_view.at_broker import AtBroker

        return AtBroker(self.store, lambda: self.standing_settings().mode)
