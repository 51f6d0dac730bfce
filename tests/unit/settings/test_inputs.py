"""Every setting can be asked for, by the kind of value that it takes."""

from patang.settings.inputs import Input, inputs
from patang.settings.table import table


def test_every_setting_has_an_input():
    assert list(inputs()) == [row.path for row in table()]


def test_the_kind_follows_from_the_type():
    kinds = {
        "mode": Input("word", choices=("paper", "simulator", "live")),
        "profile": Input("text"),
        "cycle_interval_seconds": Input("whole"),
        "capital.starting_capital_inr": Input("number"),
        "risk.min_confidence": Input("number"),
        "kite.logout_at": Input("time", optional=True),
        "exits.trailing_stop_shares_pct": Input("number", optional=True),
        "registered_egress_ip": Input("text", optional=True),
        "options.enabled": Input("switch"),
        "options.setups": Input("words", choices=("momentum", "mean_reversion"), ordered=True),
        "universe.equities": Input("names"),
    }
    assert {path: inputs()[path] for path in kinds} == kinds
    assert not inputs()["notifications.sms"].ordered


def test_entries_of_a_list_have_columns():
    assert inputs()["blackouts"].columns == (
        ("day", Input("date")),
        ("from", Input("time")),
        ("until", Input("time")),
        ("reason", Input("text")),
    )
    hours = dict(inputs()["sessions"].columns)
    assert hours["segment"].kind == "word"
    assert hours["segment"].optional
    assert hours["closed"] == Input("switch")
    assert hours["auction_close"] == Input("time", optional=True)
    assert hours["breaks"] == Input("spans")
