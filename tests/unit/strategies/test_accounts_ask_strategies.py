"""What a strategy says of an account: its filters and its size decide, and a swing needs its consent."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from patang.accounts.session import KiteSession
from patang.portfolio.account_state import AccountDay, RiskState
from patang.records import create
from patang.risk.account_view import AccountView, view_account
from patang.risk.assessment import assess
from patang.risk.slippage import Slippage
from patang.settings import Settings
from tests.fakes import FixedClock, MemoryStore
from tests.unit.risk.samples import AS_OF, equity_signal
from tests.unit.strategies.test_third_strategy import put

CAREFUL = '''
from dataclasses import replace

from patang.strategies.playbook.equity import Equity
from patang.strategies.rules import RuleLog


class Careful(Equity):
    """Half of what may be bought, and nothing while the account has lost."""

    name = "careful"

    def apply_entry_filters(self, signal, settings, account=None):
        log = RuleLog(signal.symbol)
        if account is not None and not log.holds("of_the_day", float(account.of_the_day), ">=", 0):
            return log.refuse("DAY_IN_THE_RED")
        return super().apply_entry_filters(signal, settings, account)

    def calculate_position_size(self, signal, settings, headroom):
        found = super().calculate_position_size(signal, settings, headroom)
        return replace(found, quantity=found.quantity // 2, binding="CAREFUL")


strategy = Careful()
'''


def an_account(**known) -> AccountView:
    view = AccountView(
        state=RiskState(account="main"),
        day=AccountDay(account="main", day=AS_OF.date()),
        positions=(),
        unrealised=Decimal(0),
    )
    return replace(view, **known)


def assessed(signal, account):
    return assess(account, [signal], Settings(), Slippage(), AS_OF)


def test_a_third_strategy_sizes_its_own_signals(monkeypatch, tmp_path):
    (tmp_path / "careful.py").write_text(CAREFUL)
    put(monkeypatch, tmp_path, "careful")
    ((usual,), _) = assessed(equity_signal(), an_account())
    ((careful,), _) = assessed(equity_signal(strategy="careful"), an_account())
    assert (careful.sizing.quantity, careful.sizing.binding) == (usual.sizing.quantity // 2, "CAREFUL")


def test_a_third_strategy_may_be_stricter_than_the_gates(monkeypatch, tmp_path):
    (tmp_path / "careful.py").write_text(CAREFUL)
    put(monkeypatch, tmp_path, "careful")
    red = an_account(of_the_day=Decimal(-1))
    assert len(assessed(equity_signal(), red)[0]) == 1
    passed, refused = assessed(equity_signal(strategy="careful"), red)
    assert passed == []
    assert refused["S-INFY"].outcome == "DAY_IN_THE_RED"
    assert refused["S-INFY"].told == "INFY: DAY_IN_THE_RED (of_the_day -1 not >= 0)"


@pytest.mark.parametrize(
    ("holding", "consent", "refused"),
    [("swing", False, True), ("swing", True, False), ("intraday", False, False)],
)
def test_what_is_kept_overnight_needs_the_demat_consent(holding, consent, refused):
    signal = equity_signal(holding_period=holding)
    gates = {no.outcome for no in assessed(signal, an_account(demat_consent=consent))[1].values()}
    assert ("NO_DEMAT_CONSENT" in gates) is refused


@pytest.mark.parametrize("consent", [True, False, None])
def test_the_consent_is_that_of_the_accounts_login(consent):
    store, now = MemoryStore(), FixedClock().now()
    if consent is not None:
        session = KiteSession(
            account="main",
            version=1,
            user_id="AB1234",
            logged_in_at=now,
            valid_until=now + timedelta(hours=8),
            login_digest="digest",
            demat_consent=consent,
        )
        store.write(create(session))
    assert view_account(store, "main", AS_OF, now, Settings()).demat_consent is bool(consent)
