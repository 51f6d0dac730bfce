"""The template's alarms on the local stack: they change their state there, and call whom they would call."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from patang_workbench.local_stack.assembly import Assembly
from patang_workbench.local_stack.emulator import ACCOUNT, REGION, Emulator
from patang_workbench.local_stack.happenings import Happenings
from patang_workbench.local_stack.metric_alarms import MetricAlarm, MetricName, Metrics, State

__all__ = ["AlarmWatch"]

_MINUTE = timedelta(minutes=1)


class AlarmWatch:
    """Judges every alarm of a deployed assembly at the end of each minute of market time.

    The states are set in the emulator, which tells their topic, as CloudWatch would. Composite alarms, which
    its CloudFormation refuses, are made here from the template; the emulator works their rules itself.
    """

    def __init__(
        self,
        emulator: Emulator,
        assembly: Assembly,
        began: datetime,
        process_logs: tuple[Path, ...] = (),
    ) -> None:
        self.metrics = Metrics(began)
        self._client = emulator.client("cloudwatch")
        self._happenings = Happenings(emulator, began, process_logs)
        self._alarms = [MetricAlarm.described(alarm) for alarm in self._described("MetricAlarms")]
        self._states: dict[str, State] = {}
        self._ended = began
        self._exports = {
            export["Name"]: export["Value"]
            for page in emulator.client("cloudformation").get_paginator("list_exports").paginate()
            for export in page["Exports"]
        }
        for properties in _composites(assembly, self._exports):
            self._client.put_composite_alarm(**properties)

    def count(self, metric: MetricName, value: float = 1) -> None:
        """What somebody else has met in the minute that is not over: a fault that a test makes, for one."""
        self.metrics.put(metric, self._ended, value)

    def minute_over(self, end: datetime) -> dict[str, State]:
        """What came since the last call counts for the minute before `end`; then every alarm is judged.

        Returns the states of all alarms, composite ones too, by name.
        """
        for metric, value in self._happenings.since_last(end):
            self.metrics.put(metric, end - _MINUTE, value)
        for alarm in self._alarms:
            before = self._states.get(alarm.name, "INSUFFICIENT_DATA")
            now = alarm.judge(self.metrics, end, before)
            if now.state != before:
                self._client.set_alarm_state(
                    AlarmName=alarm.name, StateValue=now.state, StateReason=now.reason
                )
                self._states[alarm.name] = now.state
        self._ended = end
        return self.states()

    def states(self) -> dict[str, State]:
        """The states as the emulator has them."""
        return {
            alarm["AlarmName"]: alarm["StateValue"]
            for kind in ("MetricAlarms", "CompositeAlarms")
            for alarm in self._described(kind)
        }

    def _described(self, kind: str) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("describe_alarms").paginate(
            AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        return [alarm for page in pages for alarm in page[kind]]


def _composites(assembly: Assembly, exports: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Each composite alarm of the template, with names in place of references."""
    for template in assembly.templates:
        arns = {
            name: f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{resource['Properties']['AlarmName']}"
            for name, resource in template.body["Resources"].items()
            if resource["Type"] == "AWS::CloudWatch::Alarm"
        }
        for properties in template.resources("AWS::CloudWatch::CompositeAlarm"):
            yield {
                name: _resolved(properties[name], arns, exports)
                for name in ("AlarmName", "AlarmDescription", "AlarmRule", "AlarmActions")
            }


def _resolved(value: Any, arns: Mapping[str, str], exports: Mapping[str, str]) -> Any:
    match value:
        case {"Fn::ImportValue": str(name)}:
            return exports[name]
        case {"Fn::GetAtt": [str(name), "Arn"]}:
            return arns[name]
        case {"Fn::Join": [str(between), list(parts)]}:
            return between.join(_resolved(part, arns, exports) for part in parts)
        case list():
            return [_resolved(part, arns, exports) for part in value]
        case str():
            return value
    raise ValueError(f"a composite alarm of the template holds {value!r}, which is not understood")
