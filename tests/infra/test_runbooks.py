"""Each alarm has a page that says what it means, when it rings, where to look and what to do."""

import re

import pytest

from infra.bundles import ROOT
from infra.constructs.alarm import RUNBOOKS

INDEX = ROOT / "docs/runbooks/alarms.md"
PAGES = ROOT / RUNBOOKS
PARTS = ["It means", "It rings", "Look", "Do"]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def alarms_of(*assemblies):
    """The properties of every alarm, composites too, by its name without the stage; of a composite, `Parts`
    are the names of those it is made of."""
    found = {}
    for assembly in assemblies:
        plain = assembly.resources("AWS::CloudWatch::Alarm")
        names = {logical: _short(one["Properties"]["AlarmName"]) for logical, one in plain.items()}
        for logical, one in plain.items():
            found[names[logical]] = one["Properties"]
        for composite in assembly.properties("AWS::CloudWatch::CompositeAlarm"):
            parts = {names[each] for each in re.findall(r"\w+", str(composite["AlarmRule"])) if each in names}
            found[_short(composite["AlarmName"])] = composite | {"Parts": sorted(parts)}
    return found


def _short(name):
    return name.removeprefix("patang-paper-")


def rings(alarm):
    """When an alarm rings, as its page has to say it."""
    if "AlarmRule" in alarm:
        assert alarm["Parts"], alarm["AlarmRule"]
        return f"a composite of {', '.join(alarm['Parts'])}"
    below = alarm["ComparisonOperator"] == "LessThanThreshold"
    times = alarm["EvaluationPeriods"]
    running = f", {times} times running" if times > 1 else ""
    missing = "; no data counts too" if alarm["TreatMissingData"] == "breaching" else ""
    return (
        f"`{alarm['Namespace']}` `{alarm['MetricName']}`{of_service(alarm)}: "
        f"{alarm['Statistic'] if 'Statistic' in alarm else alarm['ExtendedStatistic']} over "
        f"{alarm['Period']} s {'below' if below else 'at least'} {alarm['Threshold']}{running}{missing}"
    )


def of_service(alarm):
    dimensions = {entry["Name"]: entry["Value"] for entry in alarm.get("Dimensions", [])}
    return f" of service `{dimensions['service']}`" if "service" in dimensions else ""


def parts_of(page):
    """The parts of a page by their headings."""
    pieces = re.split(r"^\*\*([A-Z][a-z ]+)\.\*\* ", page, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], (text.strip() for text in pieces[2::2]), strict=True))


def test_every_alarm_has_a_page_and_every_page_an_alarm(cloud, research):
    assert {path.stem for path in PAGES.glob("*.md")} == set(alarms_of(cloud, research))


def test_every_alarm_names_its_page_and_the_page_is_there(cloud, research):
    for name, alarm in alarms_of(cloud, research).items():
        path = alarm["AlarmDescription"].rpartition(" ")[2]
        assert path == f"{RUNBOOKS}/{name}.md"
        assert (ROOT / path).is_file()


def test_every_page_says_all_that_somebody_who_is_woken_needs():
    for path in PAGES.glob("*.md"):
        text = path.read_text()
        assert text.startswith(f"# {path.stem}\n"), path
        parts = parts_of(text)
        assert list(parts) == PARTS, path
        assert all(len(part) > 10 for part in parts.values()), path


def test_pages_say_when_their_alarms_ring_as_the_template_does(cloud, research):
    for name, alarm in alarms_of(cloud, research).items():
        told = parts_of((PAGES / f"{name}.md").read_text())["It rings"].partition("\n")[0]
        assert told == f"{rings(alarm)}.", name


def test_index_lists_every_page_once():
    linked = re.findall(r"^\| \[([a-z-]+)\]\(alarms/([a-z-]+)\.md\) \|", INDEX.read_text(), re.MULTILINE)

    assert all(text == page for text, page in linked)
    assert sorted(page for _, page in linked) == sorted(path.stem for path in PAGES.glob("*.md"))


@pytest.mark.parametrize("path", [INDEX, *sorted(PAGES.glob("*.md"))], ids=lambda path: path.stem)
def test_links_of_runbooks_lead_somewhere(path):
    targets = [target for target in LINK.findall(path.read_text()) if "://" not in target]

    assert [target for target in targets if not (path.parent / target).exists()] == []
