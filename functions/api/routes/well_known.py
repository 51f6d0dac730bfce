"""What an MCP client reads to learn how to speak to /mcp, and where it asks for the right to.

RFC 9728 (the resource), RFC 8414 (the server that authorizes for it). Both stand at the root and with the
resource's path behind, because clients look in either place.
"""

from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse

from functions.api.gate import TheDesk
from patang.oauth.addresses import issuer, resource
from patang.oauth.scopes import SCOPES

__all__ = ["router"]

router = APIRouter()

# Clients' browsers and servers ask again at every start; nothing here changes but by a deployment.
_KEPT = {"Cache-Control": "public, max-age=300"}


@router.get("/.well-known/oauth-protected-resource")
@router.get("/.well-known/oauth-protected-resource/mcp")
def protected_resource(desk: TheDesk) -> JSONResponse:
    """Metadata of the resource (RFC 9728)."""
    here = desk.public_url()
    # The scopes stand in the challenge of /mcp too, whose header may be renamed on its way through Lambda.
    told: dict[str, Any] = {
        "resource": resource(here),
        "resource_name": "Patang",
        "authorization_servers": [issuer(here)],
        "scopes_supported": SCOPES,
        "bearer_methods_supported": ["header"],
    }
    return JSONResponse(told, headers=_KEPT)


@router.get("/.well-known/oauth-authorization-server")
@router.get("/.well-known/oauth-authorization-server/mcp")
def authorization_server(desk: TheDesk) -> JSONResponse:
    """Metadata of the server that authorizes (RFC 8414), which is this desk as well."""
    # Here, not at the top: most instances are never asked what clients there can be.
    from patang.oauth.metadata import AUTH_METHODS

    here = desk.public_url()
    told: dict[str, Any] = {
        "issuer": issuer(here),
        "authorization_endpoint": f"{here}/authorize",
        "token_endpoint": f"{here}/token",
        "registration_endpoint": f"{here}/register",
        "revocation_endpoint": f"{here}/revoke",
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
    }
    return JSONResponse(told, headers=_KEPT)
