// A page that is brought under the pointer between the two clicks of a double click must not take the second
// one: the buttons wait until this page has been in front for a moment. The server does not rely on it.
"use strict";

const IN_FRONT_MS = 800;
const form = document.getElementById("answer");
const buttons = form.querySelectorAll("button");

let timer = 0;

function hold() {
  clearTimeout(timer);
  for (const button of buttons) button.disabled = true;
}

function wait() {
  hold();
  timer = setTimeout(() => {
    for (const button of buttons) button.disabled = false;
  }, IN_FRONT_MS);
}

window.addEventListener("blur", hold);
window.addEventListener("focus", wait);
if (document.hasFocus()) wait();
else hold();

// One press is one answer. Disabling at once would leave the button's value out of the form.
form.addEventListener("submit", () => setTimeout(hold));
