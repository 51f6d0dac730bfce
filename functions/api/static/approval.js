// The countdown of an approval. The server decides whether it is too late; this only tells in time.
"use strict";

const clock = document.getElementById("countdown");
const form = document.getElementById("decision");

if (clock && form) {
  const ends = performance.now() + Number(clock.dataset.secondsLeft) * 1000;
  const text = document.getElementById("seconds");

  const tick = () => {
    const left = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
    text.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    clock.classList.toggle("is-late", left <= 15);
    if (left > 0) {
      return;
    }
    clearInterval(timer);
    for (const button of document.querySelectorAll("form button")) {
      button.disabled = true;
    }
    document.getElementById("fine-print").textContent = "The time is over. Nothing is placed.";
  };
  const timer = setInterval(tick, 250);
  tick();

  // One press is one decision. Disabling at once would leave the button's value out of the form.
  form.addEventListener("submit", () => {
    setTimeout(() => {
      for (const button of form.querySelectorAll("button")) {
        button.disabled = true;
      }
    });
  });
}
