"""What an account has made is kept by mode: a way through another mode forgets no loss."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from patang.portfolio.account_state import RiskState
from patang.settings import Mode

LIVE = RiskState(
    account="main",
    realised_total=Decimal(-27_000),
    peak_realised=Decimal(2_000),
    net_paid_in=Decimal(50_000),
    results_mode="live",
)


def made(state: RiskState) -> tuple[Decimal, Decimal, Decimal]:
    return state.realised_total, state.peak_realised, state.net_paid_in


def test_another_mode_begins_with_nothing():
    paper = LIVE.in_mode("paper")
    assert (made(paper), paper.results_mode) == ((0, 0, 0), "paper")


def test_a_loss_is_still_there_after_a_way_through_another_mode():
    """Else a drawdown near its limit would be had anew by a single sale on paper."""
    paper = LIVE.in_mode("paper").evolve(realised_total=Decimal(900), peak_realised=Decimal(900))
    back = RiskState.model_validate(paper.model_dump(mode="json")).in_mode("live")
    assert (made(back), back.results_mode) == (made(LIVE), "live")
    assert made(back.in_mode("paper")) == (900, 900, 0)


@given(st.lists(st.sampled_from(["paper", "simulator", "live"])))
def test_whatever_the_way_the_results_are_those_of_their_mode(way: list[Mode]):
    state = LIVE
    for mode in way:
        state = state.in_mode(mode)
    assert made(state.in_mode("live")) == made(LIVE)
    assert made(state.in_mode("paper")) == (0, 0, 0)
