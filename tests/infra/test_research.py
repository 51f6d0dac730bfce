"""Distributed research: off unless asked for, bound to its own part of the store, tried again when killed."""

import json
import re
import subprocess
import sys

from infra.bundles import ROOT, Bundles
from patang.backtest.jobs import program
from tests.infra.test_permissions import actions, resources

DOCKERFILE = ROOT / "functions/research_worker/Dockerfile"


def definition(assembly):
    (machine,) = assembly.properties("AWS::StepFunctions::StateMachine")
    _, parts = machine["DefinitionString"]["Fn::Join"]
    return json.loads("".join(part if isinstance(part, str) else "WORKER" for part in parts))


def test_it_is_deployed_only_where_it_is_asked_for(cloud, live):
    def stacks(assembly):
        names = {path.name.split(".")[0] for path in assembly.folder.glob("*.template.json")}
        return {name.rpartition("-")[2] for name in names}

    assert stacks(cloud) - stacks(live) == {"research"}


def test_every_line_of_the_manifest_is_a_child_that_calls_the_worker(research):
    jobs = definition(research)["States"]["Jobs"]

    assert jobs["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert jobs["ItemReader"]["ReaderConfig"] == {"InputType": "JSONL"}
    assert jobs["ItemReader"]["Parameters"] == {"Bucket.$": "$.bucket", "Key.$": "$.manifest"}
    assert jobs["ResultWriter"]["Parameters"] == {"Bucket.$": "$.bucket", "Prefix.$": "$.report"}
    (run,) = jobs["ItemProcessor"]["States"].values()
    assert run["Resource"] == "WORKER"
    assert jobs["MaxConcurrency"] == 20


def test_a_killed_worker_is_tried_again_and_a_failing_program_is_not_paid_for_everywhere(research):
    jobs = definition(research)["States"]["Jobs"]
    (run,) = jobs["ItemProcessor"]["States"].values()
    (retry,) = run["Retry"]
    (worker,) = research.properties("AWS::Lambda::Function")

    assert retry["ErrorEquals"] == ["States.ALL"]
    assert retry["MaxAttempts"] == 2
    assert jobs["ToleratedFailurePercentage"] == 5
    assert worker["Timeout"] == 900
    assert run["TimeoutSeconds"] > worker["Timeout"]


def test_nothing_of_it_reaches_beyond_research_in_the_store_or_the_orders(research):
    for role, statements in research.statements().items():
        for statement in statements:
            kinds = {action.partition(":")[0] for action in actions(statement)}
            assert kinds <= {"logs", "s3", "kms", "lambda", "states"}, role
            if "s3:GetObject" in actions(statement):
                read = r"/(research/(inputs|runs)|historical_candles|option_chain)/\*"
                assert all(re.search(read, r) for r in resources(statement)), role
            if actions(statement) & {"s3:PutObject", "s3:AbortMultipartUpload"}:
                written = r"/(research/runs/|reports/backtest-)\*"
                assert all(re.search(written, r) for r in resources(statement)), role
            if kinds == {"states"}:
                assert all("patang-paper-research" in entry for entry in resources(statement)), role


def test_the_worker_reads_inputs_and_candles_and_writes_results_and_backtests_only(research):
    (worker,) = research.properties("AWS::Lambda::Function")
    statements = research.statements()[worker["Role"]["Fn::GetAtt"][0]]

    def prefixes(action):
        found = [entry for s in statements if action in actions(s) for entry in resources(s)]
        return sorted(re.findall(r"/([a-z_]+/[a-z-]*/?)\*", " ".join(found)))

    kept = ["historical_candles/", "option_chain/"]
    assert prefixes("s3:GetObject") == [*kept, "research/inputs/", "research/runs/"]
    assert prefixes("s3:PutObject") == ["reports/backtest-", "research/runs/"]
    assert not any("s3:DeleteObject" in actions(s) for s in statements)


def test_the_worker_is_an_image_for_arm64_that_is_told_of_its_store(research):
    (worker,) = research.properties("AWS::Lambda::Function")

    assert worker["PackageType"] == "Image"
    assert worker["Architectures"] == ["arm64"]
    given = {"STAGE", "POWERTOOLS_SERVICE_NAME", "STORE_BUCKET", "MODELS"}
    assert set(worker["Environment"]["Variables"]) == given
    invoked = research.properties("AWS::Lambda::EventInvokeConfig")
    assert [each["MaximumRetryAttempts"] for each in invoked] == [0, 0]


def instructions():
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    return [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]


def test_the_image_is_built_in_stages_from_locked_packages_and_does_not_run_as_root():
    kinds = [kind for kind, _ in instructions()]
    arguments = {kind: [rest for k, rest in instructions() if k == kind] for kind in kinds}
    last = kinds[max(i for i, kind in enumerate(kinds) if kind == "FROM") :]

    assert kinds.count("FROM") == 2
    assert all(re.search(r":[0-9.]+", place) for place in arguments["FROM"]), "a tag says which"
    (install,) = (rest for rest in arguments["RUN"] if "pip install" in rest)
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(install.split())
    assert "RUN" not in last, "nothing is installed beside what was built"
    assert arguments["USER"] == ["10001:10001"]
    assert arguments["CMD"] == ['["functions.research_worker.handler.handler"]']
    assert all("--from=build" in rest or (ROOT / rest.split()[0]).exists() for rest in arguments["COPY"])


def test_the_image_is_the_program_that_prepares_the_jobs():
    """A worker of other files refuses every job."""
    files = Bundles("cloud").image_context("research_worker").path / "layers/core"
    told = "from patang.backtest.jobs import program; print(program())"
    done = subprocess.run(
        [sys.executable, "-c", told],
        env={"PATH": "", "PYTHONPATH": str(files), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == program()


def test_the_image_has_what_research_imports_in_the_versions_of_the_desk():
    def versions(name):
        return dict(
            re.findall(r"^([a-z0-9_-]+)==(\S+)", (ROOT / f"requirements/{name}.txt").read_text(), re.M)
        )

    image, desk = versions("research_worker"), versions("dev")

    assert {"numpy", "numba", "scikit-learn", "skfolio", "xgboost-cpu", "pydantic", "boto3"} <= set(image)
    assert {name: desk.get(name) for name in image} == image
    assert "kiteconnect" not in image
