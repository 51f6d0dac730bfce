"""Momentum and mean reversion over bars of 1, 5 and 15 minutes."""

import pytest

from patang.settings import OptionSettings
from patang.strategies.frames import Frames, Setup
from patang.strategies.rules import RuleLog
from patang.strategies.setups import find_setup
from tests.unit.strategies.markets import FALLING, RISING

FLAT = RISING | {"macd": 7.0, "macd_signal": 7.0, "z_score_20": 0.0}
# Fallen far over five minutes, no trend over fifteen, and turned up within one: EMA says down still.
TURNED_UP = RISING | {"ema_12": 24_990.0, "adx_14": 12.0, "rsi_14": 45.0}
TURNED_DOWN = FALLING | {"ema_12": 25_010.0, "adx_14": 12.0, "rsi_14": 55.0}
CALM = FLAT | {"adx_14": 15.0}


def look(one, five=None, fifteen=None, **rules):
    log = RuleLog("NIFTY")
    frames = Frames(one, five if five is not None else one, fifteen if fifteen is not None else one)
    return find_setup(frames, OptionSettings.model_validate(rules), log), log


@pytest.mark.parametrize(("one", "direction"), [(RISING, 1), (FALLING, -1)])
def test_a_momentum_that_all_bars_share(one, direction):
    found, _ = look(one, min_frames=3)
    assert found.direction == direction
    assert "MACD agrees over 1, 5, 15 min" in found.reason


@pytest.mark.parametrize(
    ("five", "fifteen", "least", "there"),
    [
        (RISING, FALLING, 2, True),
        (FALLING, RISING, 2, True),
        (FALLING, FALLING, 2, False),
        (FLAT, {}, 2, False),
        (FALLING, FALLING, 1, True),
        (RISING, FALLING, 3, False),
    ],
)
def test_longer_bars_agree_by_their_macd(five, fifteen, least, there):
    found, log = look(RISING, five, fifteen, min_frames=least, setups=("momentum",))
    assert isinstance(found, Setup) is there
    if not there:
        assert found == "FRAMES_DISAGREE"
        assert str(log.rules[-1]).startswith("frames_agreeing")


def test_the_rules_of_a_call_are_told_with_their_numbers():
    _, log = look(RISING)
    assert [str(rule) for rule in log.rules] == [
        "adx_14 28 >= 20",
        "ema_12 25010 > 25000",
        "macd 10 > 7",
        "rsi_14 62 > 50",
        "rsi_14 62 < 70",
        "frames_agreeing 3 >= 2",
    ]


@pytest.mark.parametrize(("one", "z", "direction"), [(TURNED_UP, -2.4, 1), (TURNED_DOWN, 2.4, -1)])
@pytest.mark.parametrize("frame", ["five", "fifteen"])
def test_what_is_far_from_its_mean_and_has_turned_reverts(one, z, direction, frame):
    longer = {"five": CALM, "fifteen": CALM} | {frame: CALM | {"z_score_20": z}}
    found, log = look(one, **longer)
    assert found.direction == direction
    assert "2.4 deviations" in found.reason
    assert [rule.name for rule in log.rules if not rule.passed] == ["adx_14"]


@pytest.mark.parametrize(
    ("one", "longer", "gate"),
    [
        (TURNED_UP, CALM | {"z_score_20": -1.9}, "NOT_STRETCHED"),
        (TURNED_UP, CALM | {"z_score_20": -2.4, "adx_14": 31.0}, "TREND_TOO_STRONG"),
        (TURNED_UP | {"macd": 6.0}, CALM | {"z_score_20": -2.4}, "NOT_TURNED"),
        (TURNED_UP | {"rsi_14": 70.0}, CALM | {"z_score_20": -2.4}, "NOT_TURNED"),
        (TURNED_DOWN | {"rsi_14": 30.0}, CALM | {"z_score_20": 2.4}, "NOT_TURNED"),
        (TURNED_UP, {}, "FEATURES_MISSING"),
    ],
)
def test_what_does_not_revert_says_why(one, longer, gate):
    assert look(one, longer, longer, setups=("mean_reversion",))[0] == gate


def test_setups_that_say_no_differently_come_to_no_setup():
    assert look(CALM)[0] == "NO_SETUP"
    assert look(CALM, setups=("momentum",))[0] == "NO_MOMENTUM"
    assert look({})[0] == "FEATURES_MISSING"
