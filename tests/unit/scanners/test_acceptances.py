"""What is accepted of a scanner's findings, and for how long."""

from pathlib import Path

import pytest

from patang_workbench.scanners import Finding, read_acceptances, reasons_in_code, sort_out

# Of "made-up", as detect-secrets tells of a value.
SHA1 = "ff2f456a1a2685269d769af782f1310d3638f2d8"
WHY = "A reason that somebody can read and judge"


def accepted(tmp_path: Path, text: str):
    path = tmp_path / "accepted.toml"
    path.write_text(text)
    return read_acceptances(path)


def entry(**fields):
    return "[[accepted]]\n" + "\n".join(f"{name} = {value!r}" for name, value in fields.items()) + "\n"


def test_a_finding_is_accepted_by_its_scanner_rule_and_place(tmp_path):
    known = accepted(tmp_path, entry(scanner="bandit", rules=["B603"], places=["workbench/*"], why=WHY))
    fits = Finding("bandit", "B603", "workbench/a/b.py", "starts a program", (3,))
    elsewhere = Finding("bandit", "B603", "layers/core/patang/a.py", "starts a program", (3,))
    another = Finding("bandit", "B602", "workbench/a/b.py", "starts a shell", (4,))

    result = sort_out("bandit", [fits, elsewhere, another], known)

    assert result.open == (elsewhere, another)
    assert [finding for finding, _ in result.accepted] == [fits]
    assert sort_out("checkov", [fits], known).open == (fits,)


def test_a_value_is_accepted_by_itself_and_not_its_neighbour(tmp_path):
    known = accepted(
        tmp_path, entry(scanner="detect-secrets", rules=["Secret Keyword"], values=["made-up"], why=WHY)
    )
    told = Finding("detect-secrets", "Secret Keyword", "a.py", "", (1,), SHA1)
    other = Finding("detect-secrets", "Secret Keyword", "a.py", "", (1,), "0" * 40)

    assert sort_out("detect-secrets", [told, other], known).open == (other,)


def test_what_is_accepted_and_not_found_any_more_is_told(tmp_path):
    known = accepted(
        tmp_path,
        entry(scanner="bandit", rules=["B603", "B607"], places=["a.py"], why=WHY)
        + entry(scanner="bandit", rules=["B311"], places=["gone.py"], why=WHY),
    )

    result = sort_out("bandit", [Finding("bandit", "B603", "a.py", "", (1,))], known)

    # One rule of an entry is enough for the entry.
    assert [(one.rule, one.place) for one in result.unused] == [("B311", "gone.py")]


@pytest.mark.parametrize(
    "wrong",
    [
        entry(scanner="bandit", rules=["B603"]),
        entry(scanner="bandit", rules=["B603"], why="because"),
        entry(scanner="bandit", rules=["B603"], why=WHY, place="a.py"),
        entry(rules=["B603"], why=WHY),
    ],
)
def test_an_entry_without_a_reason_or_with_unknown_fields_is_refused(tmp_path, wrong):
    with pytest.raises(ValueError, match="accepts nothing"):
        accepted(tmp_path, wrong)


def test_a_line_that_says_why_accepts_bandits_rule_of_the_same_number_there_alone(tmp_path):
    (tmp_path / "a.py").write_text(
        "x = random()  # noqa: S311 - draws faults\n"
        "y = run()  # noqa: S603, S607 (its own arguments)\n"
        "z = random()  # noqa: S311\n"
    )

    known = tuple(reasons_in_code([tmp_path / "a.py"], tmp_path))

    assert [(one.rule, one.line, one.why) for one in known] == [
        ("B311", 1, "draws faults"),
        ("B603", 2, "its own arguments"),
        ("B607", 2, "its own arguments"),
    ]
    on = [Finding("bandit", "B311", "a.py", "", (line,)) for line in (1, 3)]
    assert sort_out("bandit", on, known).open == (on[1],)
