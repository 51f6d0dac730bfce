"""Whether the function is up. It says nothing about the desk: that takes a sign-in."""

from fastapi import APIRouter

__all__ = ["router"]

router = APIRouter()


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """Whether the function is up."""
    return {"status": "ok"}
