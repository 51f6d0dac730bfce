"""The page of a report that the desk keeps: of a backtest that was asked for, or one that was put there."""

from typing import Annotated, Final

from fastapi import APIRouter, Path
from starlette.responses import Response

from functions.api.gate import Reader, TheDesk
from functions.api.render import message_page
from patang.backtest.reported import page_of

__all__ = ["router"]

router = APIRouter()

# What the page says of itself, and besides: it is shown as if it were of another site, whoever put it there.
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox"
)


@router.get("/reports/{report}")
def report_page(
    report: Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$")], _: Reader, desk: TheDesk
) -> Response:
    """A report as list_reports names it: one page that needs no other file."""
    found = page_of(desk.objects, report)
    if found is None:
        return message_page(404, "No such report", f"The desk keeps no report called {report}.")
    return Response(
        found, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _POLICY}
    )
