"""axe-core in a page of a test: what a reader who does not see, or who uses the keyboard, would stumble over.

https://github.com/dequelabs/axe-core ; installed with the conformance suites, as no page ever ships it.
"""

import json
from collections.abc import Sequence
from functools import cache

from patang_workbench.local_stack.stack import PROJECT_ROOT
from tests.browser.chromium import Frame

__all__ = ["AXE", "EVERYTHING", "findings"]

AXE = PROJECT_ROOT / ".conformance/node_modules/axe-core/axe.min.js"
# WCAG 2.2 at its level AA, and what axe calls best practice.
EVERYTHING = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
_LINES = """.then(({ violations }) => violations.flatMap(({ id, impact, nodes }) =>
  nodes.map((node) => `${impact} ${id}: ${node.target.join(" ")}: ${node.failureSummary}`)))"""


def findings(page: Frame, *rules: str) -> Sequence[str]:
    """A line for each element with something wrong: how grave, which rule, where and why. Without `rules`
    everything is looked at."""
    if not page.run("'axe' in window"):
        page.run(f"void (() => {{ {_source()} }})()")
    run_only = {"type": "rule", "values": rules} if rules else EVERYTHING
    asked = json.dumps({"resultTypes": ["violations"], "runOnly": run_only})
    return list(page.run(f"axe.run(document, {asked}){_LINES}"))


@cache
def _source() -> str:
    return AXE.read_text()
