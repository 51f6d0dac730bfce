"""Sizes as models count them: the public tokenizer of one maker, which ships its vocabulary."""

import json
import subprocess
from collections.abc import Sequence

import pytest

from tests.conformance.official import INSTALLED, ROOT

__all__ = ["tokens"]

# o200k_base. Other makers' differ by some ten per cent on JSON.
_COUNT = """
const { encode } = require(process.argv[1]);
const texts = JSON.parse(require("fs").readFileSync(0));
console.log(JSON.stringify(texts.map((text) => encode(text).length)));
"""


def tokens(texts: Sequence[str]) -> list[int]:
    """How many each text is. Fails the test where the tokenizer is missing."""
    tokenizer = INSTALLED / "gpt-tokenizer"
    if not tokenizer.exists():
        pytest.fail("gpt-tokenizer is not installed: make conformance installs it below .conformance")
    done = subprocess.run(
        [str(ROOT / ".venv/bin/node"), "-e", _COUNT, str(tokenizer)],
        input=json.dumps(list(texts)),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    counts: list[int] = json.loads(done.stdout)
    return counts
