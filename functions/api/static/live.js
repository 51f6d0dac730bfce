// Keeps a page up to date: asks for its own address, and puts in what has changed of the parts marked
// `data-live`. The server renders them, and escapes whatever came from outside; no script draws them.

import { setNow } from "./time.js";

const EVERY_MS = 2000;
const FORGET_AFTER_MS = 10000;

let tag = null;
let heardAt = performance.now();
let running = null;
let covered = false;

const known = new Map();

// Called after parts were put in, with each that is new: charts and the like are drawn into it.
const listeners = [];
export const whenShown = (listener) => {
  listeners.push(listener);
  listener(document);
};

export function say(text, bad = true) {
  for (const [id, shown] of [["trouble", bad && text], ["done", !bad && text]]) {
    const place = document.getElementById(id);
    place.hidden = !shown;
    place.textContent = shown || "";
  }
}

// Whoever sits down at this screen now is not the one who signed out.
function coverUp() {
  for (const asking of document.querySelectorAll("dialog[open]")) asking.close();
  for (const id of ["lights", "ask-title", "ask-text"]) document.getElementById(id)?.replaceChildren();
  const again = document.createElement("a");
  again.className = "button";
  again.href = location.pathname + location.search;
  again.textContent = "Sign in";
  document.getElementById("main").replaceChildren(again);
  document.title = "Signed out · Patang";
  say("You are signed out.");
}

function isInUse(part) {
  if (part.querySelector("form[aria-busy=true]")) return true;
  const focused = document.activeElement;
  // Whoever is writing, or choosing, is not to lose it; nor what he has written and not sent.
  if (part.contains(focused) && focused.matches("input, select, textarea")) return true;
  return [...part.querySelectorAll("input:not([type=hidden]), textarea")].some((field) =>
    field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);
}

// False for a part that has changed and has to wait, because its reader is writing in it.
function put(fresh) {
  const part = document.getElementById(fresh.id);
  if (!part || known.get(fresh.id) === fresh.outerHTML) return true;
  if (isInUse(part)) return false;
  known.set(fresh.id, fresh.outerHTML);
  const open = [...part.querySelectorAll("details[open][id]")].map((one) => one.id);
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  part.replaceWith(fresh);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  for (const listener of listeners) listener(fresh);
  return true;
}

async function ask() {
  const headers = { "Patang-Live": "1", ...(tag && { "If-None-Match": tag }) };
  const answer = await fetch(location.href, { headers }).catch(() => null);
  // One that breaks off is none.
  const text = answer?.ok ? await answer.text().catch(() => null) : "";
  const stale = document.getElementById("main");
  // Signed in again in another tab.
  if (covered && answer?.ok) location.reload();
  if (answer && text !== null && (answer.ok || answer.status === 304)) {
    heardAt = performance.now();
    setNow(answer.headers.get("Patang-Now"));
    stale.classList.remove("is-old");
    if (document.getElementById("trouble").dataset.silence) say("");
    delete document.getElementById("trouble").dataset.silence;
    if (answer.status === 304) return true;
    const page = new DOMParser().parseFromString(text, "text/html");
    const shown = [...page.querySelectorAll("[data-live]")].map((fresh) => put(document.adoptNode(fresh)));
    // What waits is asked for again: by this tag the desk would take it for shown.
    tag = shown.every(Boolean) ? answer.headers.get("ETag") : null;
    const title = document.querySelector("[data-title]");
    if (title) document.title = `${title.dataset.title} · Patang`;
    return true;
  }
  if (answer && answer.status === 401) {
    tag = null;
    covered = true;
    coverUp();
    return false;
  }
  const silent = performance.now() - heardAt;
  if (silent > FORGET_AFTER_MS) {
    say(`The desk has not answered for ${Math.round(silent / 1000)} s. What is shown is old.`);
    document.getElementById("trouble").dataset.silence = "1";
    stale.classList.add("is-old");
  }
  return true;
}

// Two at once would put in the older last.
export const refresh = () => (running ??= ask().finally(() => (running = null)));

export function keepUp() {
  if (!document.querySelector("main [data-live]")) return;
  for (const part of document.querySelectorAll("[data-live]")) known.set(part.id, part.outerHTML);
  const again = async () => {
    // A page nobody looks at asks for nothing.
    if (document.hidden || (await refresh())) setTimeout(again, EVERY_MS);
  };
  setTimeout(again, EVERY_MS);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
}
