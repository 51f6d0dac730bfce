"""What tools answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from mcp_types import CallToolResult, TextContent
from pydantic import TypeAdapter, ValidationError

from patang.errors import OtherSideFailed
from patang_workbench.mcp_client.questions import is_a_page

__all__ = ["ToolAnswer"]


@dataclass(frozen=True)
class ToolAnswer:
    """What a tool answered. `structured` is None where the server sent text alone; what is neither, such as
    an image, stands in `text` by its kind.
    """

    tool: str
    text: str
    structured: Any
    failed: bool

    @classmethod
    def of(cls, tool: str, result: CallToolResult) -> Self:
        """The answer in the SDK's form."""
        texts = [part.text if isinstance(part, TextContent) else f"[{part.type}]" for part in result.content]
        return cls(tool, "\n".join(texts), result.structured_content, bool(result.is_error))

    @property
    def login_link(self) -> str | None:
        """Where a person logs in at the broker: a desk whose session has expired says so."""
        details = self.structured.get("details") if isinstance(self.structured, Mapping) else None
        link = details.get("login_url") if isinstance(details, dict) else None
        return link if isinstance(link, str) and is_a_page(link) else None

    @property
    def lacking_scope(self) -> str | None:
        """The right that the login lacks for this tool: a desk says so in its answer, not by a 403."""
        told = self.structured if self.failed and isinstance(self.structured, Mapping) else {}
        details = told.get("details") if told.get("error_type") == "AuthenticationError" else None
        scope = details.get("scope") if isinstance(details, dict) else None
        return scope if isinstance(scope, str) else None

    @cached_property
    def data(self) -> Any:
        """The structured content, else the text's JSON, else None."""
        if self.structured is not None:
            return self.structured
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    def into[T](self, kind: type[T]) -> T:
        """The answer as a type of your own: a pydantic model, a dataclass, a list of either.

        Raises OtherSideFailed if the answer is not of that form.
        """
        try:
            adapter: TypeAdapter[T] = TypeAdapter(kind)
            return adapter.validate_python(self.data)
        except ValidationError as error:
            raise OtherSideFailed(f"{self.tool} answered something else than {kind}: {error}") from error
