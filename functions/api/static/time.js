// Ages and countdowns between two answers of the desk, by the desk's clock.

const EVERY_MS = 500;
const LATE_SECONDS = 15;

let ahead = 0;

// The desk's clock as it was a moment ago; this machine's may be wrong.
export const setNow = (moment) => (ahead = Date.parse(moment) - Date.now());

const span = (seconds) => {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
};

// A table of hundreds is laid out anew by each text that is put into it, the same or not.
const show = (one, text) => one.textContent === text || (one.textContent = text);

function tick() {
  const now = Date.now() + ahead;
  for (const one of document.querySelectorAll("time[data-age]")) {
    show(one, `${span(Math.max(0, (now - Date.parse(one.dateTime)) / 1000))} old`);
  }
  for (const one of document.querySelectorAll("time[data-countdown]")) {
    const left = Math.max(0, Math.ceil((Date.parse(one.dateTime) - now) / 1000));
    show(one, left ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : "over");
    one.classList.toggle("is-late", left <= LATE_SECONDS);
  }
}

export function countTime() {
  setNow(document.getElementById("main").dataset.now);
  tick();
  setInterval(tick, EVERY_MS);
}
