"""The status page, and the files pages are made of."""

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from functions.api.gate import Reader, TheDesk
from functions.api.render import asset, page

__all__ = ["router"]

router = APIRouter()

_FOR_GOOD = "public, max-age=31536000, immutable"


@router.get("/")
def status_page(principal: Reader, desk: TheDesk) -> Response:
    """The desk at a glance; the page then asks /api/status every two seconds."""
    status = desk.desk_view().status(principal.accounts)
    first = status.model_dump(mode="json")
    return page("status.html", status=first, who=principal.name, csrf=principal.csrf or "")


@router.get("/static/{name}")
def static_file(name: str) -> Response:
    """A script or style; the address carries the version of its content."""
    found = asset(name)
    if found is None:
        raise HTTPException(404, "there is no such file")
    content, kind = found
    return Response(content, media_type=kind, headers={"Cache-Control": _FOR_GOOD})
