"""The schedules of the template, raised by the market's clock instead of the wall's."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from patang.market.sessions import IST
from patang_workbench.local_stack.assembly import Assembly

__all__ = ["Cron", "ScheduledCall", "Schedules"]

_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression as EventBridge Scheduler writes it, minutes to day of week; years are not looked at.

    Raises ValueError for what it does not understand, rather than never to fire.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    weekdays: frozenset[int]

    @classmethod
    def parse(cls, expression: str) -> "Cron":
        if not (expression.startswith("cron(") and expression.endswith(")")):
            raise ValueError(f"not a cron expression: {expression!r}")
        fields = expression[5:-1].split()
        if len(fields) not in (5, 6) or fields[2] not in ("*", "?") or fields[3] != "*":
            raise ValueError(f"a cron expression with days of the month or months: {expression!r}")
        return cls(
            frozenset(_values(fields[0], range(60))),
            frozenset(_values(fields[1], range(24))),
            frozenset(_values(fields[4], range(7), _DAYS)),
        )

    def matches(self, moment: datetime) -> bool:
        """Whether it fires in the minute of `moment`, in Indian time."""
        local = moment.astimezone(IST)
        weekday = (local.weekday() + 1) % 7
        return local.minute in self.minutes and local.hour in self.hours and weekday in self.weekdays


@dataclass(frozen=True, slots=True)
class ScheduledCall:
    """A schedule's function (its logical name's last part, e.g. reconciler) and when to call it."""

    name: str
    cron: Cron


class Schedules:
    """Every schedule of an assembly. Raising a call invokes its function and waits for the answer."""

    def __init__(self, assembly: Assembly, functions: Mapping[str, str], client: Any) -> None:
        self._calls = tuple(_calls(assembly))
        self._functions = functions
        self._client = client

    def due(self, after: datetime, until: datetime) -> Iterator[tuple[datetime, ScheduledCall]]:
        """The calls of the minutes in (after, until], in order."""
        minute = after.replace(second=0, microsecond=0)
        while minute <= until:
            if minute > after:
                for call in self._calls:
                    if call.cron.matches(minute):
                        yield minute, call
            minute += _MINUTE

    def call(self, name: str, moment: datetime) -> Mapping[str, Any]:
        """Invoke the function of a schedule for a market time. Raises RuntimeError if it failed."""
        reply = self._client.invoke(
            FunctionName=f"{self._functions[name]}:live",
            Payload=json.dumps({"scheduled_time": moment.isoformat()}).encode(),
        )
        payload = reply["Payload"].read()
        if reply.get("FunctionError"):
            raise RuntimeError(f"({name}) failed at {moment:%H:%M}: {payload.decode()[:1500]}")
        return json.loads(payload or b"null") or {}


def _calls(assembly: Assembly) -> Iterator[ScheduledCall]:
    for template in assembly.templates:
        for schedule in template.resources("AWS::Scheduler::Schedule"):
            if "Ref" not in schedule["Target"]["Arn"]:
                # It keeps a function warm through its queue; the emulator's processes are not taken down.
                continue
            resources = template.body["Resources"]
            alias = resources[schedule["Target"]["Arn"]["Ref"]]["Properties"]
            name = str(resources[alias["FunctionName"]["Ref"]]["Properties"]["FunctionName"])
            yield ScheduledCall(name.rsplit("-", 1)[-1], Cron.parse(schedule["ScheduleExpression"]))


def _values(field: str, domain: range, names: tuple[str, ...] = ()) -> Iterator[int]:
    if field in ("*", "?"):
        yield from domain
        return
    for part in field.split(","):
        first, dash, last = part.partition("-")
        start = _number(first, domain, names)
        end = _number(last, domain, names) if dash else start
        if end < start:
            raise ValueError(f"a cron range that runs backwards: {part!r}")
        yield from range(start, end + 1)


def _number(text: str, domain: range, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text)
    # Where there are names, numbers count from one.
    number = int(text) - (1 if names else 0)
    if number not in domain:
        raise ValueError(f"{text!r} is beyond what a cron expression's field holds")
    return number
