"""What a telephone is sent: one part, in its own alphabet, with a link that works."""

import pytest

from patang.adapters.aws.sns import short_message
from patang.approvals.link import new_nonce
from patang.approvals.message import approval_message
from tests.unit.execution.samples import option_signal
from tests.unit.execution.stages import ready
from tests.unit.execution.trading_desk import TradingDesk

PLAIN = set(map(chr, range(32, 127))) - set("[]{}\\^~|`")
LONG = " ".join(f"word{n}" for n in range(200))


def told(signal=None) -> tuple[str, str]:
    """The message of an approval as the owner is sent it."""
    desk = TradingDesk()
    proposal = ready(desk, signal or option_signal(reason=LONG), 65)
    assert proposal.terms is not None
    link = f"https://a1b2c3d4e5.execute-api.ap-south-1.amazonaws.com/approvals/{new_nonce()}"
    subject, text = approval_message(proposal, proposal.terms, link)
    return short_message(subject, text), link


def test_an_approval_fits_and_its_link_is_whole_and_last() -> None:
    short, link = told()
    assert len(short) <= 160
    assert short.endswith(f" {link}")
    assert "BUY 65 NIFTY26AUG25000CE" in short
    assert "Rs " in short


def test_it_is_in_the_telephones_own_alphabet() -> None:
    short, _ = told(option_signal(reason="₹−–’… नमस्ते [x] {y} ~ | ^ \\ ` \n tab\t"))
    assert set(short) <= PLAIN


@pytest.mark.parametrize(
    ("mode", "said"),
    [("live", "with real money"), ("paper", "on paper"), ("simulator", "in the simulator")],
)
def test_an_approval_says_whether_it_is_about_real_money(mode: str, said: str) -> None:
    proposal = ready(TradingDesk())
    assert proposal.terms is not None
    terms = proposal.terms.model_copy(update={"mode": mode})
    subject, text = approval_message(proposal, terms, "https://desk.example/approvals/x")
    assert said in text
    assert said in short_message(subject, text)


@pytest.mark.parametrize("text", ["", "short", LONG, "x" * 5000, "₹" * 400])
def test_whatever_is_sent_fits(text: str) -> None:
    short = short_message("A subject", text)
    assert len(short) <= 160
    assert short.startswith("A subject")


def test_a_link_that_does_not_fit_is_left_out_whole() -> None:
    short = short_message("Decide", f"{LONG} https://desk.example/{'y' * 400} {LONG}")
    assert "https://" not in short
    assert len(short) <= 160


@pytest.mark.parametrize("behind", [".", "):", "; nothing was sent", ", then look", "?"])
def test_what_a_sentence_puts_behind_a_link_is_no_part_of_it(behind: str) -> None:
    short = short_message("Log in", f"at https://desk.example/login?account=main{behind}")
    assert short.endswith(" https://desk.example/login?account=main")


def test_no_message_of_an_approval_carries_a_secret() -> None:
    """Neither the task's token nor the account's keys: what opens the page is the owner's session."""
    desk = TradingDesk()
    proposal = ready(desk)
    desk.secrets.put("t/account/main", {"api_secret": "very-secret"})
    desk.approvals().request("main", proposal.order_id, "task-token-of-the-workflow")
    ((subject, text),) = desk.notifier.sent
    for secret in ("task-token-of-the-workflow", "very-secret", proposal.terms_digest or "none"):
        assert secret not in subject + text
