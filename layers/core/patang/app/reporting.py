"""Reports of days, months and financial years, wired."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from patang.reports.day_mail import DayMail
    from patang.reports.desk_reports import DeskReports
    from patang.reports.notes import TradeNotes
    from patang.reports.taxes.books import TaxBooks
    from patang.reports.taxes.telling import TaxTables
from patang.app.looking import Looking

__all__ = ["Reporting"]


class Reporting(Looking):
    """What is told of trading when it is over."""

    def desk_reports(self) -> "DeskReports":
        # Here, as below, not at the top: those who look at the desk alone have reports.
        from patang.reports.desk_reports import DeskReports

        return DeskReports(self.store, self.standing_settings, self.trade_notes())

    def trade_notes(self) -> "TradeNotes":
        from patang.reports.notes import TradeNotes

        return TradeNotes(self.store, self.clock)

    def tax_books(self) -> "TaxBooks":
        from patang.reports.taxes.books import TaxBooks

        return TaxBooks(self.store, self.objects, self.standing_settings)

    def tax_tables(self) -> "TaxTables":
        from patang.reports.taxes.telling import TaxTables

        return TaxTables(self.store, self.objects, self.clock)

    def day_mail(self) -> "DayMail":
        from patang.reports.day_mail import DayMail

        return DayMail(
            self.store,
            lambda: [account.account for account in self.accounts().list() if account.enabled],
            self.desk_reports(),
            self.standing_settings,
            self.public_url,
            self.clock,
            self.notifier,
            self.metrics,
        )
