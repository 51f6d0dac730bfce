"""Every call of a deployed function: its lines carry its id, it counts its instance, it raises no secret."""

import importlib
import json
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import BaseModel, ValidationError

from patang.app import invocation
from patang.app.invocation import invocation as decorated
from patang.trail.ids import learned, trail_ids

TOKEN = "yNq7GmDpLZ3vKxT0RbcJ84WhsQfEaU2i"
CALL = SimpleNamespace(aws_request_id="8f507cfc-6a2b-4697-b07a-ac58fc914c95")


class Refusal(RuntimeError):
    """What a workflow may catch by its name."""


class Row(BaseModel):
    number: int


@pytest.fixture
def deployed(monkeypatch):
    for name, value in {
        "AWS_LAMBDA_FUNCTION_NAME": "patang-paper-order-lane",
        "POWERTOOLS_SERVICE_NAME": "order_lane",
        "STAGE": "paper",
    }.items():
        monkeypatch.setenv(name, value)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_instance_counts_itself_once_and_each_call_has_its_id(deployed, capsys):
    seen = []

    @invocation
    def handler(event, _context):
        seen.append(trail_ids()["request_id"])
        logging.getLogger("anybody").warning("at work")
        return event

    handler({}, CALL)
    handler({}, CALL)
    told = lines(capsys)
    counted = [line for line in told if "cold_starts" in line]
    assert len(counted) == 1
    assert (counted[0]["service"], counted[0]["met_by"]) == ("desk", "order_lane")
    assert counted[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service", "stage"]]
    worked = [line for line in told if line.get("message") == "at work"]
    assert [line["request_id"] for line in worked] == seen == [CALL.aws_request_id] * 2
    assert trail_ids() == {}


def test_what_is_raised_is_a_line_with_the_ids_it_had_come_to_and_keeps_its_class(deployed, capsys):
    @invocation
    def handler(_event, _context):
        learned(order_id="O-1")
        raise Refusal(f"refused: access_token={TOKEN}")

    with pytest.raises(Refusal) as found:
        handler({}, CALL)
    assert TOKEN not in str(found.value)
    failed = lines(capsys)[-1]
    assert (failed["level"], failed["error_type"], failed["order_id"]) == ("ERROR", "Refusal", "O-1")
    assert TOKEN not in json.dumps(failed)


def test_what_cannot_be_cleaned_is_raised_as_another(deployed):
    @invocation
    def handler(_event, _context):
        Row.model_validate({"number": TOKEN})

    with pytest.raises(RuntimeError, match="ValidationError: 1 validation error") as found:
        handler({}, CALL)
    assert not isinstance(found.value, ValidationError)
    assert found.value.__cause__ is None
    assert found.value.__suppress_context__


def test_where_nothing_is_deployed_logs_stay_what_they_are(monkeypatch, capsys):
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    before = list(logging.getLogger().handlers)

    @invocation
    def handler(event, _context):
        return event

    assert handler({"a": 1}, None) == {"a": 1}
    assert logging.getLogger().handlers == before
    assert lines(capsys) == []


FUNCTIONS = sorted(
    path.parent.name
    for path in (Path(__file__).resolve().parents[3] / "functions").glob("*/handler.py")
    # It loads its models with its module, and stands in an image of its own.
    if path.parent.name != "research_worker"
)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_called_so(name):
    module = importlib.import_module(f"functions.{name}.handler")
    code = decorated(lambda event, _context: event).__code__
    assert module.handler.__code__ is code
    assert module.handler.__wrapped__.__name__ == "handler"
