"""Jobs of a distributed run: named by all they depend on, done once, the same wherever they are done."""

import json

import pytest
from pydantic import BaseModel

from patang.backtest.jobs import Job, JobResult, program, run_id, run_job
from patang.backtest.worker import ResearchWorker, input_path, result_path
from patang.errors import BadInput
from tests.fakes import MemoryObjects


class Sum(BaseModel):
    total: float


def job(number: int = 1, **changes: object) -> Job:
    plain = {"kind": "cell", "inputs": ("a",), "parameters": {"n": number}, "seed": 7, "program": program()}
    return Job.model_validate(plain | changes)


def adding(asked: Job, read) -> Sum:
    return Sum(total=asked.parameters["n"] + len(read("a")))


WORK = {"cell": adding}


def test_a_job_is_named_by_everything_that_its_result_depends_on():
    others = [
        job(2),
        job(kind="window"),
        job(inputs=("b",)),
        job(seed=8),
        job(program="another"),
    ]

    assert job().key == job().key
    assert len({job().key, *(other.key for other in others)}) == 6


def test_a_run_has_the_same_name_when_it_is_started_again_and_another_with_other_jobs():
    assert run_id([job(1), job(2)]) == run_id([job(1), job(2)])
    assert run_id([job(1), job(2)]) != run_id([job(1)])


def test_a_job_of_another_program_is_not_done():
    with pytest.raises(BadInput, match="prepared by program another"):
        run_job(job(program="another"), lambda name: b"", WORK)


def test_what_the_domain_refuses_is_a_result_and_other_faults_are_not():
    def refusing(asked, read):
        raise BadInput("too few rows")

    def failing(asked, read):
        raise OSError("no such disk")

    assert run_job(job(), lambda name: b"", {"cell": refusing}).refused == "too few rows"
    with pytest.raises(OSError, match="no such disk"):
        run_job(job(), lambda name: b"", {"cell": failing})


@pytest.fixture
def objects() -> MemoryObjects:
    objects = MemoryObjects()
    objects.put(input_path("a"), b"123")
    return objects


def event(asked: Job) -> dict:
    return json.loads(json.dumps({"run": "r", "job": asked.model_dump(mode="json")}))


def test_the_worker_keeps_the_result_under_the_jobs_key(objects):
    answer = ResearchWorker(objects, WORK).answer(event(job(4)))

    kept = JobResult.model_validate_json(objects.get(result_path("r", job(4).key)))
    assert answer == {"key": job(4).key, "done": True, "refused": None}
    assert kept.values == {"total": 7.0}
    assert kept == run_job(job(4), lambda name: b"123", WORK)


def test_an_event_that_comes_twice_is_done_once(objects):
    done = []

    def counting(asked, read):
        done.append(asked.key)
        return adding(asked, read)

    worker = ResearchWorker(objects, {"cell": counting})
    first, second = (worker.answer(event(job())) for _ in range(2))

    assert (first["done"], second["done"]) == (True, False)
    assert done == [job().key]


def test_inputs_are_fetched_once_and_a_missing_one_is_named(objects):
    fetched = []
    get = objects.get
    objects.get = lambda path: fetched.append(path) or get(path)
    worker = ResearchWorker(objects, WORK)
    for number in range(5):
        worker.answer(event(job(number)))
    assert fetched.count(input_path("a")) == 1

    with pytest.raises(FileNotFoundError, match="research/inputs/b"):
        ResearchWorker(objects, {"cell": lambda asked, read: read("b")}).answer(event(job(9)))


def test_an_event_that_is_no_job_is_named(objects):
    with pytest.raises(BadInput, match="no job of a research run"):
        ResearchWorker(objects, WORK).answer({"run": "r"})
