"""What a deployment would do to a stage, found out before anything is done."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from patang_workbench.deployment.account import StageAccount
from patang_workbench.deployment.changes import BILLED, StackChange, billed, change_of, let_go
from patang_workbench.deployment.programs import Programs
from patang_workbench.local_stack.assembly import Assembly

__all__ = ["Plan", "made_plan"]

# Of a first deployment that failed: CloudFormation has its template, and nothing of it stands.
_NEVER_STOOD: Final = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")


@dataclass(frozen=True, slots=True)
class Plan:
    """`changes` in the order of deployment; `lost`: what is kept for good and the stage would let go of;
    `billed_now` and `billed_then`: how many there are of what costs money for being there, by type; `left`:
    deployed stacks that the settings do not ask for any more."""

    changes: tuple[StackChange, ...]
    lost: tuple[str, ...]
    billed_now: Mapping[str, int]
    billed_then: Mapping[str, int]
    left: tuple[str, ...]

    @property
    def is_none(self) -> bool:
        """Whether nothing would change."""
        return all(change.is_none for change in self.changes)

    def costs(self) -> list[str]:
        """A line for each type of thing that costs money for being there, and what would change of it."""
        lines = []
        for kind, what in BILLED.items():
            now, then = self.billed_now.get(kind, 0), self.billed_then.get(kind, 0)
            if now or then:
                more = "" if now == then else f" (now {now})"
                lines.append(f"{then:3}{more} {what}")
        return lines

    def as_json(self) -> dict[str, Any]:
        """Logical ids by stack, and counts."""
        return {
            "changed": not self.is_none,
            "stacks": [
                {
                    "stack": change.stack,
                    "new": change.new,
                    "added": list(change.added),
                    "changed": list(change.changed),
                    "removed": list(change.removed),
                    "rest": list(change.rest),
                }
                for change in self.changes
            ],
            "would_let_go": list(self.lost),
            "billed": {
                kind: {
                    "now": self.billed_now.get(kind, 0),
                    "then": self.billed_then.get(kind, 0),
                    "what": what,
                }
                for kind, what in BILLED.items()
                if self.billed_now.get(kind) or self.billed_then.get(kind)
            },
            "left": list(self.left),
        }


def made_plan(
    programs: Programs, account: StageAccount, said: Mapping[str, str], folder: Path, *, assets: bool
) -> Plan:
    """Writes the stage's templates into `folder` and holds them against what is deployed.

    Changes nothing. Raises ProgramError, AssemblyError and AccountError.
    """
    stage = account.stage
    programs.synthesise(stage, said, folder, assets=assets)
    templates = Assembly(folder, account.caller["Account"], stage.region).templates
    there = {name for name, stack in account.stacks().items() if stack["StackStatus"] not in _NEVER_STOOD}
    deployed = {name: account.template(name) for name in sorted(there)}
    wanted = {template.stack for template in templates}
    left = tuple(sorted(deployed.keys() - wanted))
    staying = [deployed[name] for name in left]
    return Plan(
        changes=tuple(change_of(template, deployed.get(template.stack)) for template in templates),
        lost=tuple(line for t in templates for line in let_go(t, deployed.get(t.stack))),
        billed_now=Counter(billed(list(deployed.values()))),
        billed_then=Counter(billed([*(template.body for template in templates), *staying])),
        left=left,
    )
