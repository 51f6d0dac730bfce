"""What an MCP client reads to learn how to speak to /mcp."""

from typing import Any

from fastapi import APIRouter

from functions.api.gate import TheDesk

__all__ = ["router"]

router = APIRouter()


@router.get("/.well-known/oauth-protected-resource")
@router.get("/.well-known/oauth-protected-resource/mcp")
def protected_resource(desk: TheDesk) -> dict[str, Any]:
    """Metadata of the resource. It names no authorization server: tokens come from /api/tokens."""
    return {
        "resource": f"{desk.public_url()}/mcp",
        "resource_name": "Patang",
        "scopes_supported": ["read", "trade", "admin"],
        "bearer_methods_supported": ["header"],
    }
