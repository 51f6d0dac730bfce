"""Settings changed by hand in a browser: tried out, shown as a difference, stored after a yes alone."""

import json

import pytest

from patang.execution.intent import OrderIntent
from patang.identity.principal import ALL_SCOPES, Principal
from patang.keys import LIVE_INTENTS, OPEN_POSITIONS, risk_key
from patang.portfolio.account_state import RiskState
from patang.portfolio.position import Position
from patang.ports import Delete, Subscription
from patang.records import load, replace
from tests.browser.console import PHONE, press

ME = Principal("asha", "person:asha", ("main",), ALL_SCOPES, csrf="of a browser")
REVIEW_OPEN = "document.getElementById('review').open"


def version(console) -> int:
    return console.desk.settings_page().newest().version


def change(console, values: dict, based_on: int) -> None:
    console.desk.settings_page().change(values, based_on, "", ME)


def nothing_open(store) -> None:
    """What keeps the mode as it is goes: positions, orders, and what is reserved for them."""
    for kind, index in ((Position, OPEN_POSITIONS), (OrderIntent, LIVE_INTENTS)):
        for item in store.query_index(index):
            store.write(Delete(kind.model_validate(item).key()))
    for account in ("main", "family", "other"):
        risk = load(store, RiskState, risk_key(account))
        if risk is not None:
            store.write(replace(risk.evolve(reservations={})))


def put(page, path: str, value: str) -> None:
    """Types a value into the field of a setting."""
    place = json.dumps(f'[data-setting="{path}"] :is(input, select, textarea)')
    page.until(f"document.querySelector({place}) && document.documentElement.classList.contains('scripted')")
    page.run(
        f"(() => {{ const field = document.querySelector({place}); field.value = {json.dumps(value)};"
        "field.dispatchEvent(new Event('input', { bubbles: true })); })()"
    )


def told_at(page, path: str) -> str:
    place = f'[data-setting="{path}"] .wrong'
    page.until(f"Boolean(document.querySelector({json.dumps(place)}))")
    return page.run(f"document.querySelector({json.dumps(place)}).innerText")


def differences(page) -> list[list[str]]:
    page.until(REVIEW_OPEN)
    cells = "[...row.cells].map((cell) => cell.innerText.trim())"
    return page.run(f"[...document.querySelectorAll('#review tbody tr')].map((row) => {cells})")


def test_a_limit_is_changed_after_its_difference_was_seen(console):
    page = console.page("/settings/limits")
    put(page, "risk.max_concurrent_positions", "5")
    put(page, "risk.min_expected_net_profit_inr", "1,50,000.50")
    assert page.run("document.getElementById('changed-count').innerText") == "2 changed"
    press(page, "Review changes")
    positions, profit = differences(page)
    assert positions[0].splitlines() == ["Most open positions", "risk.max_concurrent_positions"]
    assert positions[1:] == [
        "2 positions",
        "5 positions",
        "waits: 2 positions holds until 19 Aug 2026, 00:00 IST",
    ]
    assert profit[1:] == ["₹150.00", "₹1,50,000.50", "at once"]
    assert version(console) == 0, "nothing is stored before the yes"
    page.run("document.getElementById('review-note').value = 'a <b>quiet</b> week'")
    press(page, "Save", "#review")
    page.until("location.pathname === '/settings/history/1'")
    page.until("document.body.innerText.includes('a <b>quiet</b> week')")
    assert version(console) == 1
    held = console.desk.settings_changes().in_force().risk
    assert (held.max_concurrent_positions, str(held.min_expected_net_profit_inr)) == (2, "150000.5")
    assert page.console == []


def test_a_no_stores_nothing_and_keeps_what_was_typed(console):
    page = console.page("/settings/limits")
    put(page, "risk.max_concurrent_positions", "1")
    press(page, "Review changes")
    page.until(REVIEW_OPEN)
    press(page, "Back", "#review")
    page.until(f"!{REVIEW_OPEN}")
    field = "document.querySelector('[data-setting=\"risk.max_concurrent_positions\"] input').value"
    assert (version(console), page.run(field)) == (0, "1")
    press(page, "Undo what is typed")
    page.until(f"{field} === '2' && !document.getElementById('changed-count').innerText")
    press(page, "Review changes")
    page.until("document.getElementById('trouble').innerText === 'Nothing is changed yet.'")


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("risk.max_concurrent_positions", "50", "less than or equal to 20"),
        ("risk.max_concurrent_positions", "many", "valid integer"),
        ("capital.starting_capital_inr", "", "valid decimal"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(console, path, value, told):
    page = console.page("/settings/limits")
    put(page, path, value)
    press(page, "Review changes")
    assert told in told_at(page, path)
    field = f"document.querySelector('[data-setting=\"{path}\"] input')"
    assert page.run(f"{field}.getAttribute('aria-invalid')") == "true"
    assert page.run(
        f"document.getElementById({field}.getAttribute('aria-describedby').split(' ')[0]).innerText"
    )
    assert page.run(f"document.activeElement === {field}")
    assert not page.run(REVIEW_OPEN)
    put(page, path, "3")
    press(page, "Review changes")
    page.until(REVIEW_OPEN)
    assert page.run("document.querySelectorAll('.wrong').length") == 0


def test_what_does_not_fit_together_is_told_at_its_section(console):
    page = console.page("/settings/strategies")
    put(page, "options.first_entry", "15:00")
    press(page, "Review changes")
    told = "document.querySelector('[data-section=options] .wrong')"
    page.until(f"Boolean({told})")
    assert "must follow each other" in page.run(f"{told}.innerText")


def test_entries_of_a_list_are_added_told_of_and_taken_away(console):
    page = console.page("/settings/strategies", PHONE)
    button = "document.querySelector('[data-setting=blackouts] [data-add]')"
    page.until(f"{button} && document.documentElement.classList.contains('scripted')")
    page.run(f"{button}.click()")
    column = "[data-setting=blackouts] [data-column={}] input"
    for name, value in (("day", "2026-08-20"), ("from", "09:15"), ("until", "25:00"), ("reason", "Budget")):
        page.run(f"document.querySelector({json.dumps(column.format(name))}).value = {json.dumps(value)}")
    press(page, "Review changes")
    assert "a time as HH:MM, 00:00 to 23:59, not '25:00'" in told_at(page, "blackouts")
    marked = page.run("document.querySelector('[aria-invalid]').closest('[data-column]').dataset.column")
    assert marked == "until"
    page.run(f"document.querySelector({json.dumps(column.format('until'))}).value = '11:00'")
    press(page, "Review changes")
    [[_, before, after, holds]] = differences(page)
    assert (before, holds) == ("none", "at once")
    assert after == "day 2026-08-20, from 09:15, until 11:00, reason Budget"
    press(page, "Save", "#review")
    page.until("location.pathname === '/settings/history/1'")
    [stored] = console.desk.settings_changes().in_force().blackouts
    assert (stored.start, stored.until, stored.reason) == ("09:15", "11:00", "Budget")
    again = console.page("/settings/strategies")
    press(again, "Take away", "[data-setting=blackouts]")
    press(again, "Review changes")
    [[_, _, after, holds]] = differences(again)
    assert after == "none"
    assert holds.startswith(
        "waits: day 2026-08-20, from 09:15, until 11:00, reason Budget holds until 19 Aug"
    )
    assert again.console == []


def test_who_was_overtaken_is_told_and_overwrites_nothing(console):
    page = console.page("/settings/notifications")
    put(page, "notifications.merge_minutes", "9")
    press(page, "Review changes")
    page.until(REVIEW_OPEN)
    change(console, {"profile": "of another"}, 0)
    press(page, "Save", "#review")
    page.until("document.getElementById('trouble').innerText.includes('at version 1 by now')")
    page.until("!document.getElementById('overtaken').hidden")
    assert version(console) == 1
    assert console.desk.settings_changes().in_force().notifications.merge_minutes == 5


def test_ticks_switches_and_words_are_sent_as_what_they_are(console):
    page = console.page("/settings/notifications")
    tick = "document.querySelector('[data-setting=\"notifications.sms\"] [value=halt]')"
    page.until(f"{tick} && document.documentElement.classList.contains('scripted')")
    page.run(f"{tick}.click()")
    press(page, "Review changes")
    assert differences(page) == [
        [
            "Events by SMS\nnotifications.sms",
            "approval, alarm, halt, session",
            "approval, alarm, session",
            "at once",
        ]
    ]
    other = console.page("/settings/strategies")
    switch = "document.querySelector('[data-setting=\"options.enabled\"] input')"
    other.until(f"{switch} && document.documentElement.classList.contains('scripted')")
    other.run(f"{switch}.click()")
    put(other, "universe.equities", "INFY,  TCS\nM&M")
    put(other, "options.holding_period", "swing")
    press(other, "Review changes")
    rows = differences(other)
    assert [row[1:3] for row in rows[:2]] == [["yes", "no"], ["intraday", "swing"]]
    assert rows[2][2] == "INFY, TCS, M&M"


def test_the_order_of_both_strategies_setups_is_changed_in_one_save(console):
    page = console.page("/settings/strategies")
    page.until("document.documentElement.classList.contains('scripted')")
    order = "[...document.querySelectorAll('[data-setting=\"{}.setups\"] input')].map((one) => one.value)"
    for strategy in ("options", "equity"):
        later = f"document.querySelector('[data-setting=\"{strategy}.setups\"] .tick:last-child button')"
        assert page.run(f"{later}.getAttribute('aria-label')").endswith("mean reversion earlier")
        page.run(f"{later}.click()")
        assert page.run("document.activeElement.value") == "mean_reversion"
        assert page.run(order.format(strategy)) == ["mean_reversion", "momentum"]
    assert page.run("document.getElementById('changed-count').innerText") == "2 changed"
    press(page, "Undo what is typed")
    page.until(f'JSON.stringify({order.format("options")}) === \'["momentum","mean_reversion"]\'')
    page.until("!document.getElementById('changed-count').innerText")
    for strategy in ("options", "equity"):
        page.run(
            f"document.querySelector('[data-setting=\"{strategy}.setups\"] .tick:last-child button').click()"
        )
    press(page, "Review changes")
    swapped = ["momentum, mean reversion", "mean reversion, momentum", "at once"]
    assert [row[1:] for row in differences(page)] == [swapped, swapped]
    press(page, "Save", "#review")
    page.until("location.pathname === '/settings/history/1'")
    held = console.desk.settings_changes().in_force()
    assert held.options.setups == held.equity.setups == ("mean_reversion", "momentum")
    again = console.page("/settings/strategies")
    assert again.run(order.format("equity")) == ["mean_reversion", "momentum"]
    assert (page.console, again.console) == ([], [])


def test_somebody_goes_back_to_an_older_version(console):
    change(console, {"risk.max_concurrent_positions": 2, "profile": 'my "own" <b>'}, 0)
    change(console, {"risk.max_concurrent_positions": 1, "profile": "other"}, 1)
    page = console.page("/settings/history/1")
    press(page, "Back to this version")
    page.until("location.pathname === '/settings/history/1/return'")
    press(page, "Save as a new version")
    page.until("document.getElementById('ask').open")
    assert page.run("document.getElementById('ask-text').innerText") == "2 settings change."
    press(page, "Yes", "#ask")
    page.until("location.pathname === '/settings/history'")
    page.until("document.body.innerText.includes('Back to version 1')")
    assert version(console) == 3
    held = console.desk.settings_changes().in_force()
    assert (held.profile, held.risk.max_concurrent_positions) == ('my "own" <b>', 1), "the looser limit waits"
    assert console.desk.settings_changes().pending() == {"risk.max_concurrent_positions": 2}
    assert page.console == []


# What an answer of the desk's is given beside what stands in it.
ALSO = """(() => { const fetched = window.fetch; window.fetch = async (path, asked) => {
    const answer = await fetched(path, asked);
    if (!String(path).endsWith("/preview")) return answer;
    const told = await answer.json();
    return new Response(JSON.stringify(CHANGE(told)), { status: STATUS });
}; })()"""


def test_what_changes_on_another_page_is_in_the_difference_too(console):
    page = console.page("/settings/notifications")
    put(page, "notifications.merge_minutes", "9")
    elsewhere = {"path": "risk.of_another_page", "name": "Of another page", "old_said": "1", "new_said": "2"}
    also = f"(told) => ({{ ...told, changes: [...told.changes, {json.dumps(elsewhere)}] }})"
    page.run(ALSO.replace("CHANGE", f"({also})").replace("STATUS", "200"))
    press(page, "Review changes")
    assert differences(page) == [
        ["Messages merged within\nnotifications.merge_minutes", "5 minutes", "9 minutes", "at once"],
        ["Of another page\nrisk.of_another_page", "1", "2", "at once"],
    ]
    assert page.console == []


def test_what_is_wrong_with_a_setting_that_is_only_shown_is_told_beside_it(console):
    page = console.page("/settings/desk")
    put(page, "profile", "mine")
    wrong = {"message": "wrong", "details": [{"field": "kite.root", "message": "no such broker"}]}
    page.run(ALSO.replace("CHANGE", f"(() => ({json.dumps(wrong)}))").replace("STATUS", "400"))
    press(page, "Review changes")
    assert told_at(page, "kite.root") == "no such broker"
    assert page.run("document.querySelector('#settings button.button').disabled") is False


def test_mode_live_is_asked_for_in_words(console):
    nothing_open(console.desk.store)
    page = console.page("/settings/desk")
    put(page, "mode", "live")
    press(page, "Review changes")
    [[_, before, after, _]] = differences(page)
    assert (before, after) == ("paper", "live")
    warning = "document.getElementById('live-warning')"
    assert "orders go to the exchange and cost real money" in page.run(f"{warning}.innerText")
    assert page.run(f"{warning}.checkVisibility()")
    press(page, "Back", "#review")
    page.until(f"!{REVIEW_OPEN}")
    put(page, "mode", "paper")
    put(page, "profile", "mine")
    press(page, "Review changes")
    page.until(REVIEW_OPEN)
    assert not page.run(f"{warning}.checkVisibility()")


def test_a_test_message_is_sent_and_said_where_it_went(console):
    mail = Subscription("messages", "email", "a***@example.com", confirmed=True)
    console.desk.messenger.found = (mail,)
    page = console.page("/settings/notifications")
    press(page, "Send a test message")
    page.until("document.getElementById('done').innerText.includes('Sent by e-mail to a***@example.com.')")
    press(page, "Send a test message")
    page.until("document.getElementById('trouble').innerText.includes('within the last minute')")


def test_a_mode_that_is_refused_is_told_before_it_is_confirmed(console):
    page = console.page("/settings/desk")
    put(page, "mode", "live")
    press(page, "Review changes")
    page.until("document.getElementById('trouble').innerText.includes('are open in mode paper')")
    assert not page.run(REVIEW_OPEN)


def test_a_token_is_shown_once_and_revoked(console):
    page = console.page("/settings/tokens")
    page.until("document.documentElement.classList.contains('scripted')")
    page.run("document.querySelector('#issue [name=label]').value = 'a script'")
    page.run("document.querySelector('#issue [value=trade]').click()")
    press(page, "Issue")
    page.until("!document.getElementById('issued').hidden")
    secret = page.run("document.getElementById('secret').innerText")
    principal = console.desk.tokens().principal(secret)
    assert (principal.name, principal.scopes) == ("asha", {"read", "trade"})
    page.until("document.querySelector('#tokens td strong')?.innerText === 'a script'")
    assert secret not in console.page("/settings/tokens").run("document.documentElement.outerHTML")
    press(page, "Revoke")
    press(page, "Yes", "#ask")
    page.until("document.getElementById('tokens').innerText.includes('None is in use')")
    assert console.desk.tokens().principal(secret) is None
    assert page.console == []


def test_an_account_is_added_renamed_and_removed(console):
    page = console.page("/settings/accounts")
    page.until("document.documentElement.classList.contains('scripted')")
    told = {"label": "Third", "account": "third", "kite_user_id": "AB1234", "api_key": "a key"}
    for name, value in (told | {"api_secret": "very-hidden"}).items():
        page.run(f"document.querySelector('#add-account [name={name}]').value = {json.dumps(value)}")
    press(page, "Add")
    page.until("Boolean(document.querySelector('#add-account .wrong'))")
    assert page.run("document.querySelector('[aria-invalid]').name") == "api_key"
    page.run("document.querySelector('#add-account [name=api_key]').value = 'newkey99'")
    press(page, "Add")
    page.until("document.getElementById('accounts').innerText.includes('Third')")
    page.open(f"{console.address}/settings/accounts/third")
    page.until("document.documentElement.classList.contains('scripted')")
    page.run("document.querySelector('#rename [name=label]').value = 'Slow'")
    press(page, "Rename")
    page.until("document.querySelector('#account h1').innerText === 'Slow'")
    page.open(f"{console.address}/settings/accounts/third/removal")
    press(page, "Remove")
    press(page, "Yes", "#ask")
    page.until("location.pathname === '/settings/accounts'")
    assert [one.account for one in console.desk.accounts().register.of("asha")] == ["family", "main"]


def test_what_stands_in_the_way_refuses_the_removal(console):
    page = console.page("/settings/accounts/main/removal")
    assert "position 20 RELIANCE" in page.text()
    press(page, "Remove")
    press(page, "Yes", "#ask")
    page.until("document.getElementById('trouble').innerText.includes('position 20 RELIANCE')")
    assert console.desk.accounts().account("main").enabled
