"""What a person with boto3 finds of the day in the emulated cloud."""

import base64
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import pyarrow.parquet as pq
from boto3.dynamodb.types import TypeDeserializer

from patang.errors import BadInput
from patang.keys import account_partition
from patang.market.envelope import Head, open_envelope
from patang.market.sessions import IST
from patang.ports import BrokerOrder
from patang_workbench.local_stack.stack import DESK_ACCOUNT, LocalStack

__all__ = ["Evidence"]

type Item = dict[str, Any]

_plain = TypeDeserializer()


@dataclass(frozen=True)
class Evidence:
    """Reads the tables, executions, streams, queues, logs and the store of a stack."""

    stack: LocalStack

    def item(self, kind: str, name: str) -> Item:
        """An item of the account in the desk table, e.g. INTENT and its id."""
        (found,) = (item for item in self._account if item["SK"] == f"{kind}#{name}")
        return found

    def items(self, kind: str) -> list[Item]:
        return [item for item in self._account if item["SK"].startswith(f"{kind}#")]

    def proposal_behind(self, number: int) -> Item:
        """The proposal of the day's first, second... asking."""
        asked = sorted(
            (item for item in self.items("PROPOSAL") if "asked_at" in item), key=lambda p: p["asked_at"]
        )
        return asked[number]

    @property
    def risk(self) -> Item:
        (found,) = (item for item in self._account if item["SK"] == "RISK")
        return found

    def execution(self, output: str, name: str) -> Item:
        """Status, input and states of an execution of a state machine that an output of the stack names."""
        client = self.stack.emulator.client("stepfunctions")
        arn = self.stack.outputs[output].replace(":stateMachine:", ":execution:") + f":{name}"
        found = client.describe_execution(executionArn=arn)
        history = client.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        entered = [e["stateEnteredEventDetails"]["name"] for e in history if "stateEnteredEventDetails" in e]
        return {
            "status": found["status"],
            "input": json.loads(found["input"]),
            "output": json.loads(found.get("output") or "null"),
            "states": entered,
            "told": json.dumps(history, default=str),
        }

    @cached_property
    def stream(self) -> list[tuple[Head | None, bytes]]:
        """Every record of the tick stream in order; None is the head of what is no record of ours."""
        kinesis, name = self.stack.emulator.client("kinesis"), self.stack.outputs["TickStream"]
        found: list[tuple[Head | None, bytes]] = []
        for shard in kinesis.list_shards(StreamName=name)["Shards"]:
            place = kinesis.get_shard_iterator(
                StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while True:
                page = kinesis.get_records(ShardIterator=place, Limit=1000)
                found += [(_head(record["Data"]), record["Data"]) for record in page["Records"]]
                place = page["NextShardIterator"]
                if not page["Records"]:
                    break
        return found

    @cached_property
    def letters(self) -> list[Item]:
        """The dead letters, with their bytes as `content`."""
        sqs, queue = self.stack.emulator.client("sqs"), self.stack.outputs["DeadLetterQueueUrl"]
        found: list[Item] = []
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in messages]
        return [letter | {"content": base64.b64decode(letter["data"])} for letter in found]

    def metrics(self, name: str) -> list[Item]:
        """The lines by which the functions told of a metric."""
        logs = self.stack.emulator.client("logs")
        found = []
        for group in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
            lines = (event["message"] for page in pages for event in page["events"])
            found += [json.loads(line) for line in lines if f'"{name}":' in line and line.startswith("{")]
        return found

    def stored(self, prefix: str) -> list[str]:
        """The paths in the store's bucket below a prefix."""
        s3 = self.stack.emulator.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.stack.outputs["StoreBucket"], Prefix=prefix
        )
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def table(self, path: str) -> list[Item]:
        """The rows of a Parquet object of the store."""
        body = self.stack.emulator.client("s3").get_object(Bucket=self.stack.outputs["StoreBucket"], Key=path)
        return pq.read_table(io.BytesIO(body["Body"].read())).to_pylist()

    def candles(self, symbol: str) -> Mapping[datetime, Item]:
        """The archived candles of the day, by the start of their minute."""
        day = self.stack.day
        rows = self.table(f"historical_candles/symbol={symbol}/date={day}/candles_{symbol}_{day}.parquet")
        return {row["timestamp"].astimezone(IST): row for row in rows}

    @cached_property
    def broker_orders(self) -> list[BrokerOrder]:
        """The order book of the exchange, which is the truth about what was sent."""
        return self.stack.desk.broker(DESK_ACCOUNT).orders()

    def orders_of(self, intent_id: str) -> list[BrokerOrder]:
        return [order for order in self.broker_orders if order.tag == intent_id]

    @cached_property
    def _account(self) -> list[Item]:
        return list(self._query(self.stack.outputs["DeskTable"], account_partition(DESK_ACCOUNT)))

    def _query(self, table: str, partition: str) -> Iterator[Item]:
        client = self.stack.emulator.client("dynamodb")
        pages = client.get_paginator("query").paginate(
            TableName=table,
            KeyConditionExpression="PK = :p",
            ExpressionAttributeValues={":p": {"S": partition}},
        )
        for page in pages:
            for raw in page["Items"]:
                yield {name: _plain.deserialize(value) for name, value in raw.items()}


def _head(data: bytes) -> Head | None:
    try:
        return open_envelope(data)[0]
    except BadInput:
        return None
