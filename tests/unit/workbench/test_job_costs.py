"""What a distributed run is said to cost: nothing left out, and nothing that is done already."""

import pytest

from patang.backtest.jobs import Job
from patang_workbench.research.job_costs import PRICES, PRICES_OF, cost_of

JOB = Job(kind="cell", inputs=("a",), parameters={}, seed=1, program="p")


def test_a_million_gigabyte_seconds_cost_what_the_price_list_says():
    cost = cost_of([JOB] * 1000, 0, seconds=500.0, memory_mb=2048, time_limit=900)

    computing = 1000 * 500 * 2 * PRICES["lambda_gb_second"]
    assert computing == pytest.approx(13.33, abs=0.01)
    moved = 1000 * (PRICES["lambda_request"] + 3 * PRICES["s3_get"] + PRICES["s3_put"])
    steps = 1000 * 3 * PRICES["state_transition"]
    assert cost.dollars == pytest.approx(computing + moved + steps + 4 * PRICES["s3_put"])


def test_at_most_counts_every_try_at_its_whole_time():
    cost = cost_of([JOB], 1, seconds=1.0, memory_mb=1024, time_limit=900)

    assert cost.at_most > 3 * 900 * PRICES["lambda_gb_second"]
    assert cost.at_most == pytest.approx(3 * 900 * PRICES["lambda_gb_second"], rel=0.01)


def test_what_is_done_costs_nothing_more():
    assert cost_of([], 1, seconds=0.0, memory_mb=2048, time_limit=900).dollars == 0


def test_a_person_reads_what_is_assumed():
    text = str(cost_of([JOB] * 200, 2, seconds=0.25, memory_mb=2048, time_limit=900))

    assert "200 jobs of about 0.25 s at 2 GB: 100 GB-s" in text
    assert "USD; at most" in text
    assert PRICES_OF in text
