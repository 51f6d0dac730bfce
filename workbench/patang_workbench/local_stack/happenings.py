"""What happened on the local stack since it was last asked, as the metrics that AWS would have made of it."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from patang_workbench.local_stack.emulator import ACCOUNT, REGION, Emulator
from patang_workbench.local_stack.metric_alarms import MetricName
from patang_workbench.local_stack.queue_ages import oldest_by_the_market, oldest_by_the_wall

__all__ = ["Happenings"]

_LOGS = "/aws/lambda/"
# A line of the log's own, by which an invocation that raised or was ended is known.
_FAULTS = ("Traceback (most recent call last)", "Task timed out")
# The queue of the tickets, by what the template calls it.
_OF_THE_WALL = "QueuesPolls"
_ENDINGS = {"FAILED": "ExecutionsFailed", "TIMED_OUT": "ExecutionsTimedOut"}

type _Found = Iterator[tuple[MetricName, float]]


@dataclass(slots=True)
class _Reader:
    """A function that reads a stream, and the market time at which it was last up to date."""

    function: str
    good: datetime


@dataclass(slots=True)
class Happenings:
    """Asked once a minute of market time; of each thing it tells once.

        EMF lines of functions and of the ingester    their own metrics
        log streams of invocations                    AWS/Lambda Errors, and IteratorAge of a stream's readers
        the emulator's count of refused calls         AWS/Lambda Throttles
        messages in queues                            AWS/SQS number and age
        executions that ended                         AWS/States ExecutionsFailed, ExecutionsTimedOut

    The age at which a stream is read is told by its readers: one whose batches fail grows older. A message's
    age is market time too, since the look before it was sent, but that of the tickets by which the order book
    is polled: those are due by the wall.
    """

    emulator: Emulator
    began: datetime
    process_logs: tuple[Path, ...] = ()
    _read_until: dict[Path, int] = field(default_factory=dict)
    _since: int = field(default_factory=lambda: int(time.time() * 1000))
    _streams: set[str] = field(default_factory=set)
    _readers: dict[str, _Reader] = field(default_factory=dict)
    _throttled: dict[str, float] = field(default_factory=dict)
    _executions: set[str] = field(default_factory=set)
    _looks: list[tuple[float, datetime]] = field(default_factory=list)
    _clients: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._looks.append((time.time(), self.began))
        # What ended before is nobody's news.
        for source in (self._workflows, self._throttles, self._processes):
            list(source())

    def since_last(self, moment: datetime) -> _Found:
        """Each metric and value of what came since the last asking, up to market time `moment`."""
        asked = time.time()
        yield from self._processes()
        yield from self._functions(moment)
        yield from self._throttles()
        yield from self._queues(moment)
        yield from self._workflows()
        self._looks.append((asked, moment))

    def _processes(self) -> _Found:
        for path in self.process_logs:
            content = path.read_bytes()[self._read_until.get(path, 0) :] if path.exists() else b""
            whole = content.rpartition(b"\n")[0]
            self._read_until[path] = self._read_until.get(path, 0) + len(whole)
            for line in whole.decode(errors="replace").splitlines():
                yield from _embedded(line)

    def _functions(self, moment: datetime) -> _Found:
        groups = self._all("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=_LOGS)
        reading = self._reading()
        until = self._since
        for group in groups:
            function = group["logGroupName"].removeprefix(_LOGS)
            invocations: dict[str, bool] = {}
            asked = {"logGroupName": group["logGroupName"], "startTime": self._since}
            for event in self._all("logs", "filter_log_events", "events", **asked):
                stream, line = event["logStreamName"], event["message"]
                if stream in self._streams:
                    continue
                until = max(until, event["timestamp"])
                invocations[stream] = invocations.get(stream, False) or line.startswith(_FAULTS)
                yield from _embedded(line)
            # Each invocation has a log stream of its own on the emulator, which comes whole.
            self._streams.update(invocations)
            failed = sum(invocations.values())
            if invocations:
                yield MetricName.of("AWS/Lambda", "Errors", {"FunctionName": function}), failed
            if function in reading and invocations:
                yield from self._read_age(function, moment, failed, len(invocations))
        self._since = until

    def _read_age(self, function: str, moment: datetime, failed: int, asked: int) -> _Found:
        reader = self._readers.setdefault(function, _Reader(function, self._looks[-1][1]))
        behind = (moment - reader.good).total_seconds() * 1000 if failed else 0.0
        if asked > failed:
            reader.good = moment
        yield MetricName.of("AWS/Lambda", "IteratorAge", {"FunctionName": function}), behind

    def _reading(self) -> set[str]:
        mappings = self._all("lambda", "list_event_source_mappings", "EventSourceMappings")
        return {
            mapping["FunctionArn"].split(":")[6]
            for mapping in mappings
            if ":kinesis:" in mapping["EventSourceArn"] or ":dynamodb:" in mapping["EventSourceArn"]
        }

    def _throttles(self) -> _Found:
        """Refused calls of each function, and of all together."""
        cloudwatch = self._client("cloudwatch")
        known = cloudwatch.list_metrics(Namespace="AWS/Lambda", MetricName="Throttles")["Metrics"]
        every = 0.0
        for metric in known:
            (function,) = (entry["Value"] for entry in metric["Dimensions"])
            found = cloudwatch.get_metric_statistics(
                Namespace="AWS/Lambda",
                MetricName="Throttles",
                Dimensions=metric["Dimensions"],
                StartTime=time.time() - 86_400,
                EndTime=time.time() + 60,
                Period=60,
                Statistics=["Sum"],
            )["Datapoints"]
            total = sum(point["Sum"] for point in found)
            new = total - self._throttled.get(function, 0.0)
            self._throttled[function] = total
            every += new
            yield MetricName.of("AWS/Lambda", "Throttles", {"FunctionName": function}), new
        yield MetricName.of("AWS/Lambda", "Throttles"), every

    def _queues(self, moment: datetime) -> _Found:
        answer = httpx.get(
            f"{self.emulator.endpoint}/_ministack/sqs/messages",
            timeout=10,
            trust_env=False,
            verify=self.emulator.trust(),
        )
        queues: Mapping[str, list[dict[str, Any]]] = answer.raise_for_status().json()["messages"]
        for address, messages in queues.get(ACCOUNT, {}).get(REGION, {}).items():
            named = {"QueueName": address.rpartition("/")[2]}
            waiting = [message for message in messages if message["IsVisible"]]
            yield MetricName.of("AWS/SQS", "ApproximateNumberOfMessagesVisible", named), len(waiting)
            if _OF_THE_WALL in named["QueueName"]:
                age = oldest_by_the_wall(messages, time.time())
            else:
                age = oldest_by_the_market(messages, self._looks, moment)
            yield MetricName.of("AWS/SQS", "ApproximateAgeOfOldestMessage", named), age

    def _workflows(self) -> _Found:
        for machine in self._all("stepfunctions", "list_state_machines", "stateMachines"):
            arn = machine["stateMachineArn"]
            for status, metric in _ENDINGS.items():
                asked = {"stateMachineArn": arn, "statusFilter": status}
                ended = self._all("stepfunctions", "list_executions", "executions", **asked)
                new = {execution["executionArn"] for execution in ended} - self._executions
                self._executions |= new
                yield MetricName.of("AWS/States", metric, {"StateMachineArn": arn}), len(new)

    def _all(self, service: str, operation: str, key: str, **asked: Any) -> list[Any]:
        """What every page of an operation's answer has under a key."""
        pages = self._client(service).get_paginator(operation).paginate(**asked)
        return [entry for page in pages for entry in page[key]]

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.emulator.client(service)
        return self._clients[service]


def _embedded(line: str) -> _Found:
    """The metrics of a line in CloudWatch's embedded format, if it is one."""
    if not line.startswith("{") or '"CloudWatchMetrics"' not in line:
        return
    told: dict[str, Any] = json.loads(line)
    for directive in told["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: str(told[name]) for name in names}
            for metric in directive["Metrics"]:
                values = told[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    yield MetricName.of(directive["Namespace"], metric["Name"], dimensions), float(value)
