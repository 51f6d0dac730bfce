"""What a server asks a person in the middle of a call: a page to visit. Forms are declined: their fields
come from the server, and what a program types there proves no person.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

import anyio
from mcp.client import ClientRequestContext
from mcp.client.session import ElicitationFnT
from mcp_types import ElicitRequestParams, ElicitRequestURLParams, ElicitResult

__all__ = ["is_a_page", "pages_for_a_person"]


def pages_for_a_person(agreed: Callable[[str, str], bool]) -> ElicitationFnT:
    """Answers for `connect(questions=...)`: `agreed(message, url)` shows a person both, and says whether
    they want the page. It must not open the page before they have seen whose it is.
    """

    async def answer(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:  # noqa: ARG001 - the SDK's form
        if not isinstance(params, ElicitRequestURLParams) or not is_a_page(params.url):
            return ElicitResult(action="decline")
        wanted = await anyio.to_thread.run_sync(agreed, params.message, params.url)
        return ElicitResult(action="accept" if wanted else "cancel")

    return answer


def is_a_page(url: str) -> bool:
    """Whether an address of the other side is one to show a person: a web page, with no user in it that looks
    like a host.
    """
    parts = urlsplit(url)
    return parts.scheme in {"https", "http"} and bool(parts.hostname) and not parts.username
