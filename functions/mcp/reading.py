"""What can be read without a call: the desk's resources, and the panels that hosts show."""

from typing import Final

from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, Resource, TextResourceContents
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from functions.mcp.apps import MIME_TYPE, PANELS, Panel
from functions.mcp.resources import RESOURCES, NoSuchResource, read
from patang.errors import PatangError
from patang.tools.caller import Caller
from patang.tools.errors import problem_of

__all__ = ["READABLE", "refusal_of", "told_of"]

# Of the revisions before 2026-07-28, which retired it.
_NO_RESOURCE: Final = -32002


def _panel(panel: Panel) -> Resource:
    return Resource(
        uri=panel.uri,
        name=panel.name,
        title=panel.title,
        description=panel.description,
        mime_type=MIME_TYPE,
        meta=panel.meta,
    )


READABLE: Final[tuple[Resource, ...]] = (*RESOURCES, *map(_panel, PANELS.values()))


def told_of(caller: Caller, uri: str) -> list[TextResourceContents]:
    """What is at an address, for this caller. Raises as patang.tools does for what it may not read."""
    panel = PANELS.get(uri)
    if panel is None:
        return list(read(caller, uri))
    html = panel.html(caller.services.public_url())
    return [TextResourceContents(uri=uri, mime_type=MIME_TYPE, meta=panel.meta, text=html)]


def refusal_of(error: PatangError, protocol_version: str) -> MCPError:
    """The protocol's error of a prompt or a resource that cannot be had, with the desk's words."""
    old = isinstance(error, NoSuchResource) and protocol_version not in MODERN_PROTOCOL_VERSIONS
    problem = problem_of(error)
    return MCPError(
        _NO_RESOURCE if old else INVALID_PARAMS,
        f"{problem.error_type}: {problem.message}",
        problem.model_dump(mode="json", exclude_none=True),
    )
