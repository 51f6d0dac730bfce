"""The panels as hosts differ: their colours, their width, the keyboard, and how they begin and end."""

import pytest

from tests.unit.api.test_request_pages import waiting

SAYS = "document.body.innerText.includes"
FOCUSED = "document.activeElement?.textContent"
TOOLS = ("get_status", "list_pending_approvals")

# Of every text that is drawn: how it stands out from what is behind it (WCAG 2.2, 1.4.3).
FAINT = """(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let each = node; each; each = each.parentElement) {
      const [r, g, b, a = 1] = parts(getComputedStyle(each).backgroundColor);
      if (a > 0) return [r, g, b];
    }
    throw new Error("nothing is behind it");
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const faint = [];
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || node.closest("script") || node.closest(":disabled")) continue;
    const both = [light(parts(getComputedStyle(node).color)), light(ground(node))];
    const [one, other] = both.sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio < 4.5) faint.push(`${texts.currentNode.data} ${ratio.toFixed(2)}`);
  }
  return faint;
})()"""

CUT_OFF = """[...document.querySelectorAll('#panel *')]
  .filter((node) => node.getBoundingClientRect().right > innerWidth)
  .map((node) => node.outerHTML.slice(0, 80))"""

DRESS_OF_A_HOST = {
    "--color-background-primary": "light-dark(#faf9f5, #262624)",
    "--color-background-secondary": "light-dark(#f0eee6, #30302e)",
    "--color-text-primary": "light-dark(#141413, #faf9f5)",
    "--color-text-secondary": "light-dark(#5e5d59, #b0aea5)",
    "--color-border-primary": "light-dark(#dedcd1, #45443f)",
    "--font-sans": "Georgia, serif",
}


@pytest.fixture(autouse=True)
def asked_for(sample):
    """An order that a program asks for, beside the desk's own proposal."""
    waiting(sample.desk, actor="token:t1 of asha")


@pytest.mark.parametrize("tool", TOOLS)
def test_every_text_stands_out_in_light_and_in_dark(show, tool):
    host = show(tool, theme="light")
    host.panel.until(f"{SAYS}('As of')")
    for worn, grounds in (
        ({}, {"light": "rgb(255, 255, 255)", "dark": "rgb(23, 32, 42)"}),
        (DRESS_OF_A_HOST, {"light": "rgb(250, 249, 245)", "dark": "rgb(38, 38, 36)"}),
    ):
        for theme, ground in grounds.items():
            host.tell("host-context-changed", theme=theme, styles={"variables": worn})
            host.panel.until(f"getComputedStyle(document.body).backgroundColor === '{ground}'")
            assert host.panel.run(FAINT) == []
        assert ("Georgia" in host.panel.run("getComputedStyle(document.body).fontFamily")) == bool(worn)


def test_the_theme_follows_the_host_and_half_a_dress_is_not_worn(show):
    host = show("get_status", theme="light")
    host.tell("host-context-changed", theme="dark")
    host.panel.until("getComputedStyle(document.body).backgroundColor === 'rgb(23, 32, 42)'")
    half = {"variables": {"--color-text-primary": "rgb(23, 32, 42)"}}
    host.tell("host-context-changed", styles=half)
    host.panel.until("true")
    assert host.panel.run("getComputedStyle(document.body).color") == "rgb(232, 237, 243)"
    host.tell("host-context-changed", safeAreaInsets={"top": 20, "right": 0, "bottom": 0, "left": 0})
    host.panel.until("getComputedStyle(document.body).paddingTop === '36px'")


@pytest.mark.parametrize("tool", TOOLS)
def test_nothing_is_cut_off_however_narrow(show, tool):
    host = show(tool)
    host.panel.until(f"{SAYS}('As of')")
    border = host.page.run("document.querySelector('iframe').clientLeft")
    for width in (760, 420, 300):
        host.page.size(width, 1200)
        host.panel.until(f"innerWidth === {width - 32 - 2 * border}")
        assert host.panel.run(CUT_OFF) == []
        assert host.panel.run("document.documentElement.scrollWidth <= innerWidth")
        host.panel.until("document.documentElement.scrollHeight <= innerHeight")
        height = host.panel.run("Math.ceil(document.body.getBoundingClientRect().height)")
        host.page.until(f"seen.sizes.at(-1).height === {height}")
        assert host.panel.run("[...document.querySelectorAll('button')].every((b) => b.offsetHeight >= 24)")


def test_the_keyboard_reaches_every_button_and_keeps_its_place(show, sample):
    host = show("list_pending_approvals")
    host.panel.until(f"{SAYS}('As of')")
    reached = []
    for _ in range(20):
        host.page.press("Tab", 9)
        reached.append(host.panel.run(FOCUSED))
        if reached[-1] == "Refresh":
            break
    one = ["Approve on the desk’s page", "Decline"]
    seen = [name for name in reached if name in (*one, "Refresh")]
    assert seen == [*one, *one, "Refresh"]
    assert host.panel.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    asked = len(host.seen("calls"))
    host.page.until(f"seen.calls.length > {asked}")
    host.panel.until(f"{FOCUSED} === 'Refresh'")
    host.page.press("Enter", 13, "\r")
    host.page.until(f"seen.calls.length > {asked + 2}")


def test_a_host_that_passes_no_answer_on_leaves_a_way_to_what_waits(show):
    host = show("list_pending_approvals", silent=True)
    host.click("Show what waits for a yes")
    host.panel.until("document.querySelectorAll('.ticket').length === 2")


def test_an_answer_without_its_content_is_asked_for_again(show):
    host = show("get_status", silent=True)
    host.tell("tool-result", content=[{"type": "text", "text": "the desk at a glance"}])
    host.panel.until(f"{SAYS}('Today, 2 closed trades')")


def test_it_answers_pings_and_teardowns_and_refuses_the_rest(show):
    host = show("list_pending_approvals")
    host.panel.until(f"{SAYS}('As of')")
    host.page.run(
        "[['p', 'ping'], ['x', 'tools/list'], ['t', 'ui/resource-teardown']]"
        ".forEach(([id, method]) => toPanel({ id, method, params: {} }))"
    )
    host.page.until("seen.answers.length === 3")
    told = {answer["id"]: answer for answer in host.seen("answers")}
    assert told["p"]["result"] == told["t"]["result"] == {}
    assert told["x"]["error"]["code"] == -32601
    asked = len(host.seen("calls"))
    host.panel.run("look(); new Promise((done) => setTimeout(done, 200))")
    assert len(host.seen("calls")) == asked


def test_a_press_that_falls_between_two_drawings_is_not_lost(show):
    host = show("list_pending_approvals")
    host.panel.until(f"{SAYS}('As of')")
    host.panel.run("window.dispatchEvent(new PointerEvent('pointerdown'))")
    button = "[...document.querySelectorAll('button')].find((b) => b.textContent === 'Decline')"
    host.panel.run(f"window.pressed = {button}; draw()")
    assert host.panel.run("window.pressed.isConnected")
    host.panel.run("window.dispatchEvent(new PointerEvent('pointerup'))")
    host.panel.until("!window.pressed.isConnected")
