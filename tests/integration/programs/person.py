"""What a person does in a browser to let a program in."""

from tests.browser.chromium import Page

__all__ = ["press", "question", "signed_in"]

_BUTTON = "[...document.querySelectorAll('button, a.button')].find((b) => b.textContent.trim() === '{}')"


def press(page: Page, text: str) -> None:
    """A click of the mouse on the button, as soon as it can be pressed."""
    button = _BUTTON.format(text)
    page.until(f"(() => {{ const b = {button}; return b && !b.disabled; }})()")
    x, y = page.run(
        f"(() => {{ const b = {button}; b.scrollIntoView({{block: 'center'}}); "
        "const r = b.getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]; })()"
    )
    page.click(x, y)


def signed_in(page: Page) -> None:
    """Through the broker's login page, from the page that asks for it."""
    press(page, "Sign in with Kite")
    page.until("document.title.startsWith('Sign in - simulated broker')")
    press(page, "Sign in as AB1234")


def question(page: Page) -> None:
    """The consent's page is there, its script too: until that has run, a button seems to take a click."""
    page.until("document.querySelector('form#answer') !== null && document.readyState === 'complete'")
