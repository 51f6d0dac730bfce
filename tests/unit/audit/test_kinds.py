"""The kinds that a search offers are those that the sources write, and each is offered once."""

import ast
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import get_args

from patang.audit.kinds import KINDS
from patang.execution.intent import IntentKind, IntentState

SOURCES = Path(__file__).parents[3] / "layers" / "core" / "patang"
# Where a kind is put together, or handed on by a name: what it may be there.
STATES = {f"ORDER_{state}" for state in get_args(IntentState.__value__)}
PUT_TOGETHER = {
    # An intent is written NEW together with what asks for it, and settles into any other state.
    "execution/following/settlement.py": STATES - {"ORDER_NEW", "ORDER_SENDING"},
    "execution/amendments.py": {"MODIFY_WANTED", "CANCEL_WANTED"},
    "execution/protection/protector.py": {
        f"{kind}_WANTED"
        for kind in get_args(IntentKind.__value__)
        if kind in ("PROTECT", "MODIFY", "CANCEL") or kind.startswith("GTT_")
    },
    "approvals/service.py": {
        f"APPROVAL_{what}" for what in ("ASKED", "APPROVED", "DECLINED", "EXPIRED", "REDUCED")
    },
    "approvals/requests/deciding.py": {"APPROVAL_APPROVED", "APPROVAL_DECLINED"},
    "execution/reconciliation/outside.py": {"CLOSED_EXTERNALLY", "REDUCED_EXTERNALLY"},
    "risk/halts.py": {"HALTED", "REDUCING", "RESUMED"},
}
# What stands beside a kind where one is handed on: a session's state, an order's outcome.
NO_KINDS = {"EXPIRED", "ENTRY_TIMED_OUT"}
# `journal` and `told_event` themselves.
HANDS_TO_WRITERS = {"execution/journal.py", "approvals/requests/telling.py"}
# The functions that write an event, and in which place its kind stands.
WRITERS = {"journal": 1, "told_event": 1, "AuditEvent": None}
# Those of a module that hand a kind on to them, whose callers say which; who calls those of another module.
HAND_ON = {"_event", "_tell", "_told", "_tell_once", "_alter", "_change", "_end", "tell"}
CALLED_FROM = {"oauth/events.py": "oauth/families.py"}


def calls(tree: ast.AST, names: Collection[str]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in names:
            yield node


def constants(*nodes: ast.AST) -> set[str]:
    """The names in capitals that stand in expressions."""
    found = {one.value for node in nodes for one in ast.walk(node) if isinstance(one, ast.Constant)}
    return {one for one in found if isinstance(one, str) and one.isupper() and "#" not in one}


def kind_of(call: ast.Call) -> ast.expr:
    place = WRITERS[getattr(call.func, "id", getattr(call.func, "attr", ""))]
    if place is not None:
        return call.args[place]
    return next(one.value for one in call.keywords if one.arg == "kind")


def handed_on(tree: ast.AST) -> set[str]:
    """What a module's callers of its own writers say, or have called `kind` before."""
    said = [node.value for node in ast.walk(tree) if isinstance(node, ast.Assign) and named_kind(node)]
    return constants(*said, *(argument for call in calls(tree, HAND_ON) for argument in call.args[:3]))


def named_kind(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "kind" for target in node.targets)


def written() -> tuple[set[str], set[str]]:
    """The kinds that stand in the sources, and the modules that put any together."""
    kinds: set[str] = set()
    modules: set[str] = set()
    for file in SOURCES.rglob("*.py"):
        tree, name = ast.parse(file.read_text()), file.relative_to(SOURCES).as_posix()
        for kind in map(kind_of, calls(tree, WRITERS)):
            match kind:
                case ast.Constant(value=str(text)):
                    kinds.add(text)
                case ast.IfExp(body=ast.Constant(value=str(one)), orelse=ast.Constant(value=str(other))):
                    kinds |= {one, other}
                case ast.Name(id="kind") if name not in PUT_TOGETHER and name not in HANDS_TO_WRITERS:
                    kinds |= handed_on(ast.parse((SOURCES / CALLED_FROM.get(name, name)).read_text()))
                case ast.Name(id="kind"):
                    pass
                case _:
                    modules.add(name)
    return kinds, modules


def test_what_is_written_is_offered():
    kinds, modules = written()
    assert modules | {"risk/halts.py"} == set(PUT_TOGETHER), "kinds are put together there: say which"
    expected = kinds.union(*PUT_TOGETHER.values()) - NO_KINDS
    offered = [kind for those in KINDS.values() for kind in those]
    assert len(set(offered)) == len(offered)
    assert set(offered) == expected
