"""The tables that an owner gives for his taxes: what each is called, and in which form it is taken."""

from typing import Final, NamedTuple

from patang.reports.taxes.mailed_notes import COMPONENTS
from patang.reports.taxes.telling import TableKind

__all__ = ["FORMS", "TABLE_NAMES", "TableForm"]


class TableForm(NamedTuple):
    """`columns`: the first line, `example` another; without an account where it is the whole desk's, with
    periods where there may be several."""

    table: TableKind
    columns: str
    says: str
    example: str
    accountless: bool = False
    periods: bool = False


TABLE_NAMES: Final[dict[TableKind, str]] = {
    "purchases": "Shares bought outside the desk",
    "tradebook": "Tradebook of the broker",
    "notes": "Contract notes",
    "actions": "Splits and bonuses",
}

FORMS: Final = (
    TableForm(
        "purchases",
        "symbol,bought_on,quantity,price,exchange,charges,stt,fmv_2018",
        "Shares bought before the desk or elsewhere, one purchase a line, in the number and at the price of "
        "that day. What follows price may stay empty: charges without STT, STT, and for shares bought by 31 "
        "January 2018 the highest price of that day (fmv_2018).",
        "INFY,2020-05-04,10,700.50,NSE,1.20,7,",
    ),
    TableForm(
        "tradebook",
        "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,"
        "order_execution_time",
        "The CSV of Zerodha Console (Reports, Tradebook), one file a segment and period; not the Excel file.",
        "INFY,INE009A01021,2026-05-04,NSE,EQ,EQ,buy,false,10,1500,25001234,1100000012345678,"
        "2026-05-04T10:15:30",
        periods=True,
    ),
    TableForm(
        "notes",
        ",".join(("day", *COMPONENTS)),
        "Contract notes come by e-mail as PDFs under a password, and the desk does not read PDFs. Copy the "
        "totals at the foot of each note, one note a line, in rupees without a minus; exchange_transaction "
        "is with IPFT and clearing.",
        "2026-08-18,40,12,3.45,0.10,3,7.84",
        periods=True,
    ),
    TableForm(
        "actions",
        "symbol,ex_day,kind,ratio,allotted",
        "One split or bonus a line. ratio is old:new shares: 1:2 where one share became two, by a bonus of "
        "1:1 or a split of ₹10 into ₹5. allotted is the day on which bonus shares were allotted.",
        "INFY,2026-06-12,bonus,1:2,2026-06-15",
        accountless=True,
    ),
)
