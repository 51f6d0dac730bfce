"""A page that is left open: what changes comes in by itself, and nothing that its reader does is lost."""

from patang.keys import mark_key
from tests.browser.console import press

RESULT = "document.querySelector('#pnl .total').innerText"


def move(console, unrealised: str, bid: str = "1021.30") -> None:
    key = mark_key("p1")
    mark = console.desk.store.items[key]
    console.desk.store.items[key] = {**mark, "unrealised_pnl": unrealised, "bid": bid}


def test_prices_come_in_without_reloading(console):
    page = console.page("/")
    page.run("window.kept = true")
    assert page.run(RESULT) == "−₹345.45"
    move(console, "1000.00")
    page.until(f"{RESULT} === '+₹265.15'")
    assert page.run("window.kept === true && document.title === '+₹265.15 · Patang'")
    assert page.console == []


def test_an_age_that_has_not_changed_is_not_written_again(console):
    """Each text that is put into a table of hundreds has it laid out anew, twice a second."""
    page = console.page("/")
    ages = "[...document.querySelectorAll('time[data-age]')]"
    page.run(f"{ages}.forEach((one) => (one.dateTime = '2026-01-01T00:00:00Z'))")
    page.until(f"{ages}.some((one) => one.textContent.includes(' days'))")
    page.run(f"""(() => {{
        window.written = 0;
        const watch = new MutationObserver((seen) => (window.written += seen.length));
        const all = {{ childList: true, characterData: true, subtree: true }};
        {ages}.forEach((one) => watch.observe(one, all));
    }})()""")
    assert page.run("new Promise((done) => setTimeout(() => done(window.written), 1300))") == 0


def test_who_has_the_focus_keeps_it(console):
    page = console.page("/")
    page.run("document.getElementById('halt-main').focus()")
    move(console, "1000.00")
    console.desk.halts().halt("family", "x", "asha", console.desk.desk_view().moment())
    page.until(f"{RESULT} === '+₹265.15'")
    assert page.run("document.activeElement.id") == "halt-main"


def test_a_halt_asks_once_more_and_a_no_changes_nothing(console):
    page = console.page("/")
    press(page, "Halt")
    page.until("document.getElementById('ask').open")
    assert "stops and targets" in page.run("document.getElementById('ask-text').innerText")
    press(page, "No", "#ask")
    page.until("!document.getElementById('ask').open")
    assert not console.desk.desk_view().risk(("main",))[0].halted
    press(page, "Halt")
    press(page, "Yes", "#ask")
    page.until("document.querySelector('#risk strong').innerText === 'Halted'")
    assert page.run("document.getElementById('done').innerText") == "main is halted."
    press(page, "Resume")
    press(page, "Yes", "#ask")
    page.until("document.querySelector('#risk strong').innerText === 'Entries open'")
    assert page.console == []


def test_what_is_being_sent_cannot_be_sent_twice(console):
    """Also where its part changes: while its owner is asked, and while the desk answers."""
    page = console.page("/")
    page.run("""(() => {
        const real = window.fetch;
        window.posts = 0;
        const held = new Promise((done) => (window.release = done));
        window.fetch = async (address, asked) => {
            if (asked?.method === "POST") { window.posts += 1; await held; }
            return real(address, asked);
        };
    })()""")
    press(page, "Halt")
    page.until("document.getElementById('ask').open")
    page.run("window.asked = document.getElementById('halt-main'); 1")
    move(console, "1000.00", bid="1015.00")
    page.until("!window.asked.isConnected")
    press(page, "Yes", "#ask")
    page.until("window.posts === 1 && document.getElementById('halt-main').disabled")
    move(console, "500.00", bid="1010.00")
    page.until(f"{RESULT} === '−₹234.85'")
    assert page.run("document.getElementById('halt-main').disabled")
    page.run("document.getElementById('halt-main').click(); window.release(); 1")
    page.until("document.querySelector('#risk strong').innerText === 'Halted'")
    assert page.run("window.posts") == 1
    assert not page.run("document.getElementById('resume-main').disabled")
    assert page.console == []


def test_what_is_wrong_is_told_at_the_form_that_stands_now(console):
    page = console.page("/")
    page.run("""(() => {
        const real = window.fetch;
        const wrong = { message: "no", details: [{ field: "account", message: "not now" }] };
        window.fetch = (address, asked) => asked?.method === "POST"
            ? Promise.resolve(new Response(JSON.stringify(wrong), { status: 422 })) : real(address, asked);
    })()""")
    press(page, "Halt")
    page.until("document.getElementById('ask').open")
    page.run("window.asked = document.getElementById('halt-main'); 1")
    move(console, "1000.00", bid="1015.00")
    page.until("!window.asked.isConnected")
    press(page, "Yes", "#ask")
    page.until("document.querySelector('#risk .wrong')?.innerText === 'not now'")


def test_what_somebody_has_unfolded_stays_open_and_in_focus(console):
    page = console.page("/")
    page.run("document.getElementById('risk').querySelector('summary').focus()")
    page.press("Enter", 13, "\r")
    page.until("document.getElementById('limits-of-main').open")
    page.run("window.known = document.getElementById('risk'); 1")
    move(console, "1000.00", bid="1015.00")
    page.until("!window.known.isConnected")
    assert page.run("document.getElementById('limits-of-main').open")
    assert page.run("document.activeElement.id") == "limits-of-main-summary"
    page.run("document.getElementById('signals-summary').click()")
    assert page.run("document.getElementById('signals').innerText.includes('win probability 83 %')")
    assert not page.run("document.getElementById('closed-fold').open")
    assert page.console == []


def test_flatten_says_what_would_be_sold(console):
    page = console.page("/")
    press(page, "Flatten")
    page.until("document.getElementById('ask').open")
    assert "20 RELIANCE (+₹389.40)" in page.run("document.getElementById('ask-text').innerText")
    press(page, "Yes", "#ask")
    page.until("document.getElementById('done').innerText === 'main is being flattened.'")
    [position] = console.desk.desk_view().open_positions(("main",))
    assert position.state == "CLOSING"


def test_a_desk_that_falls_silent_is_told(console):
    page = console.page("/")
    page.run("window.fetch = () => Promise.reject(new Error('away')); 1")
    page.until("document.getElementById('trouble').innerText.includes('has not answered')")
    assert page.run("document.getElementById('main').classList.contains('is-old')")


def test_a_tab_left_open_shows_nothing_of_the_desk_once_it_is_signed_out(console):
    page = console.page("/")
    press(page, "Exit")
    page.until("document.getElementById('ask').open")
    console.desk.sign_in().end(console.session)
    page.until("document.getElementById('trouble').innerText.includes('signed out')")
    left = page.run("document.body.textContent")
    assert not [told for told in ("₹", "RELIANCE", "main", "paper") if told in left]
    assert page.run("document.title") == "Signed out · Patang"
    assert not page.run("document.getElementById('ask').open")
    press(page, "Sign in")
    page.until("document.body.innerText.includes('Sign in with Kite')")


def test_an_answer_that_breaks_off_is_asked_for_again(console):
    page = console.page("/")
    page.run("""(() => {
        const real = window.fetch;
        let broken = 0;
        window.fetch = async (...asked) => {
            const answer = await real(...asked);
            if (broken++) return answer;
            const text = () => Promise.reject(new Error("cut"));
            return { ok: true, status: 200, headers: answer.headers, text };
        };
    })()""")
    move(console, "1000.00")
    page.until(f"{RESULT} === '+₹265.15'")


def test_what_waited_for_its_writer_comes_in_when_he_leaves_it(console):
    page = console.page("/")
    page.run("""(() => {
        const field = document.createElement("input");
        field.id = "typed";
        document.getElementById("positions").append(field);
        field.value = "1";
    })()""")
    move(console, "1000.00")
    page.until(f"{RESULT} === '+₹265.15'")
    shown = "document.getElementById('positions').textContent.includes('1,000.00')"
    assert not page.run(shown)
    page.run("document.getElementById('typed').value = ''")
    page.until(shown)
