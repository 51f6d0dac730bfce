"""Whoever logs writes one JSON object a line, with the ids of the work in hand."""

import json
import logging
import threading
import warnings

import pytest

from patang.trail.ids import ID_NAMES, learned, on_trail, trail_ids
from patang.trail.lines import JsonLines, log_as_json

TOKEN = "yNq7GmDpLZ3vKxT0RbcJ84WhsQfEaU2i"


@pytest.fixture
def log(capsys):
    """The lines of a process that logs as a function does, each read back."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    log_as_json("order_lane", "paper")
    yield lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level


def test_a_line_has_its_time_level_service_stage_and_the_ids_of_the_work_in_hand(log):
    with on_trail(request_id="r-1", account="main", order_id="O-1"):
        logging.getLogger("patang.ingester").info("feed %s: connected, %d", "main", 3)
    logging.getLogger("patang.ingester").warning("after it")
    inside, after = log()
    assert inside["timestamp"].endswith("Z")
    assert inside | {"timestamp": ""} == {
        "timestamp": "",
        "level": "INFO",
        "service": "order_lane",
        "stage": "paper",
        "request_id": "r-1",
        "account": "main",
        "order_id": "O-1",
        "logger": "patang.ingester",
        "message": "feed main: connected, 3",
    }
    assert set(after) & set(ID_NAMES) == set()


def test_an_exception_with_its_traceback_is_one_line_and_tells_no_secret(log):
    try:
        raise PermissionError(f"token api:{TOKEN}\nsecond line")
    except PermissionError:
        logging.getLogger("anybody").exception("refused with access_token=%s", TOKEN)
    (line,) = log()
    assert (line["level"], line["error_type"]) == ("ERROR", "PermissionError")
    assert "Traceback" in line["traceback"]
    assert "second line" in line["error"]
    assert TOKEN not in json.dumps(line)


def test_libraries_and_warnings_write_so_too(log):
    logging.getLogger("botocore.endpoint").debug("%s", TOKEN)
    logging.getLogger("urllib3.connectionpool").warning("retry of /session/token?request_token=%s", TOKEN)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("this goes away", DeprecationWarning, stacklevel=1)
    retry, warned = log()
    assert retry["logger"] == "urllib3.connectionpool"
    assert TOKEN not in json.dumps(retry)
    assert warned["logger"] == "py.warnings"
    assert "this goes away" in warned["message"]


def test_what_cannot_be_formatted_is_written_as_it_is(capsys):
    record = logging.LogRecord("a.library", logging.ERROR, "", 0, "three of %d", ("them",), None)
    JsonLines("order_lane", "paper").emit(record)
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["message"] == "three of %d ('them',)"


def test_lines_of_many_threads_stay_whole_and_keep_their_own_ids(log):
    def work(number):
        with on_trail(order_id=f"O-{number}"):
            for _ in range(50):
                logging.getLogger("threads").info("x" * 500 + str(number))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = log()
    assert len(lines) == 400
    assert all(line["message"] == "x" * 500 + line["order_id"].removeprefix("O-") for line in lines)


def test_a_long_text_is_cut(log):
    logging.getLogger("long").info("a " * 20_000)
    (line,) = log()
    assert len(line["message"]) < 9_000
    assert line["message"].endswith("...")


def test_what_is_learned_holds_until_the_end_of_its_trail():
    with on_trail(account="main"):
        with on_trail(intent_id="N1"):
            learned(order_id="O-1", position_id=None)
            assert trail_ids() == {"account": "main", "intent_id": "N1", "order_id": "O-1"}
        assert trail_ids() == {"account": "main"}
    learned(order_id="O-2")
    assert trail_ids() == {}, "nobody would take it back"


def test_a_trail_has_few_names():
    with pytest.raises(ValueError, match="symbol: a trail has the ids request_id, "), on_trail(symbol="INFY"):
        pass
