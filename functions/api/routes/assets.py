"""The files that pages are made of."""

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from functions.api.assets import asset, version

__all__ = ["router"]

router = APIRouter()

_FOR_GOOD = "public, max-age=31536000, immutable"


@router.get("/static/{wanted}/{name}")
def static_file(wanted: str, name: str, request: Request) -> Response:
    """A script or style; the address carries the version of all of them."""
    found = asset(name)
    if found is None:
        raise HTTPException(404, "there is no such file")
    # While one version takes over from another, each is asked for the other's: not to be kept for good.
    headers = {"Cache-Control": _FOR_GOOD if wanted == version() else "no-store", "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(found.content, media_type=found.kind, headers=headers)
    return Response(found.gzipped, media_type=found.kind, headers=headers | {"Content-Encoding": "gzip"})
