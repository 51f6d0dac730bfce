"""The order path on the emulator's DynamoDB: a short campaign, and races of real threads.

`patang chaos --orders 10000` and `patang chaos --races 1000` run the long ones.
"""

from patang_workbench.chaos.campaign import campaign
from patang_workbench.chaos.crew import emulator
from patang_workbench.chaos.races import races


def test_a_short_campaign_sends_nothing_twice_and_loses_nothing() -> None:
    report = campaign(150, "make test", badness=2.0, accounts=8)
    figures = report.as_json()
    assert figures["failures"] == []
    assert figures["orders"] >= 150
    assert figures["fills"] > 100
    assert figures["requests"] > 50
    assert figures["crash_points_lane"] >= 8
    for kind in ("timeout", "late_accept", "timed_out_400", "http_429", "http_502", "half_open"):
        assert figures[f"fault_{kind}"] > 0, kind


def test_two_lanes_with_one_intent_send_one_order_and_four_leavers_sell_once() -> None:
    with emulator() as aws:
        report = races(aws.endpoint, 20, 20, "make test")
    assert report.failures == []
    assert (report.lanes, report.exits) == (20, 20)
    # They were races: at most of them somebody came second at the write.
    assert report.contended >= 20
