"""What a tool is: a name, what goes in, what comes out, what it does to the world, and who may use it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from patang.identity.principal import Scope
from patang.identity.rights import ScopeMissing
from patang.tools.caller import Caller
from patang.tools.errors import checked

__all__ = ["AccountInput", "AnyTool", "Effect", "OneAccount", "Progress", "Tool", "ToolInput", "ToolReply"]

# looks: reads only. changes: the desk's own state. orders: may move money.
type Effect = Literal["looks", "changes", "orders"]

OneAccount = Annotated[str | None, Field(max_length=40, description="one of your accounts, by its name")]


class ToolInput(BaseModel):
    """Arguments of a tool; an argument that it does not know is refused, not passed over."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AccountInput(ToolInput):
    """Arguments of a tool of one account, or of all that are the caller's."""

    account_id: OneAccount = None


class ToolReply(BaseModel):
    """What a tool answers where it has no model of its own to show."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Progress(ToolReply):
    """An answer that may come before its matter is over."""

    @property
    def on_its_way(self) -> bool:
        """Whether more is to come: a person's yes, or the broker's word (HTTP 202)."""
        raise TypeError(f"{type(self).__name__} does not say whether it is on its way")


@dataclass(frozen=True, slots=True)
class Tool[In: ToolInput, Out: BaseModel]:
    """One declaration serves HTTP, MCP and the command line.

    `name` and the arguments of the broker's own tools are those of its MCP server. `description` is written
    for an assistant: when to use it, what comes back, in which units. `example` are arguments that validate.
    `run` may raise any PatangError; patang.tools.errors says how that is told. `destructive`: what it does is
    not undone by calling another tool. `idempotent`: a second call with the same arguments adds nothing.
    """

    name: str
    title: str
    description: str
    input: type[In]
    output: type[Out]
    effect: Effect
    scope: Scope
    run: Callable[[Caller, In], Out]
    example: Mapping[str, Any]
    destructive: bool = False
    idempotent: bool = True

    def call(self, caller: Caller, args: Mapping[str, Any]) -> Out:
        """Checks the scope, then the arguments, then runs.

        Raises ScopeMissing, InvalidArguments, and what the tool raises.
        """
        if not caller.principal.may(self.scope):
            raise ScopeMissing(self.scope)
        return self.run(caller, checked(self.input, args))


type AnyTool = Tool[Any, Any]
