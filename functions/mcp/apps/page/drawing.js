// Drawing: everything from the desk is put in as text, never as markup; addresses lead to the desk alone.
"use strict";

const DESK = document.querySelector('meta[name="patang-desk"]').content;
const money = new Intl.NumberFormat("en-IN", { style: "currency", currency: "INR" });
const wholeMoney = new Intl.NumberFormat("en-IN", { style: "currency", currency: "INR", maximumFractionDigits: 0 });

// Characters that are not seen can put others in another order, or hide what stands between them.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;
const LONGEST_TEXT = 1000;

function plain(text) {
  const shown = String(text).replace(UNSEEN, "\ufffd");
  return shown.length > LONGEST_TEXT ? `${shown.slice(0, LONGEST_TEXT)} …` : shown;
}

function make(tag, { text, className, onclick, key, ...attributes } = {}, ...children) {
  const node = document.createElement(tag);
  if (text !== undefined && text !== null) node.textContent = plain(text);
  if (className) node.className = className;
  if (onclick) node.addEventListener("click", onclick);
  if (key) node.dataset.key = key;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  const there = children.flat().filter((child) => child !== null && child !== undefined && child !== false);
  node.append(...there.map((child) => (child instanceof Node ? child : plain(child))));
  return node;
}

const minus = (text) => text.replace("-", "−");
const rupees = (amount) => (typeof amount === "number" ? minus(money.format(amount)) : "–");
const whole = (amount) => (typeof amount === "number" ? minus(wholeMoney.format(amount)) : "–");
const signed = (amount) => (typeof amount === "number" ? (amount > 0 ? "+" : "") + rupees(amount) : "–");
const tone = (amount) => (amount > 0 ? "good" : amount < 0 ? "bad" : "");
const words = (name) => String(name).replaceAll("_", " ").toLowerCase();
const sentence = (name) => words(name).replace(/^./, (first) => first.toUpperCase());
const clockTime = (moment, seconds = false) => (moment ? String(moment).slice(11, seconds ? 19 : 16) : "–");
const istNow = () => `${new Date().toLocaleTimeString("en-GB", { timeZone: "Asia/Kolkata" })} IST`;
const counted = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

function timeLeft(seconds) {
  const left = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}

const fact = (name, value, className) =>
  make("div", { className: "fact" }, make("dt", { text: name }), make("dd", { text: value, className }));

function button(text, onclick, { kind = "", ...more } = {}) {
  return make("button", { type: "button", text, onclick, className: `button ${kind}`.trim(), ...more });
}

// A page of the desk. Where the host opens no links its address is shown, to be copied.
function pageLink(text, path, { kind, key, onopen } = {}) {
  const address = DESK + path;
  if (!host.opensLinks) return make("p", { className: "address" }, make("span", { text }), make("code", { text: address }));
  return button(text, async () => {
    try {
      await host.open(address);
      onopen?.();
    } catch (error) {
      say(`${error.message}. The page is ${address}`);
    }
  }, { kind, key });
}

// `unseen`: for a reader of the screen alone, as it stands elsewhere for the eye.
function say(text, className = "") {
  const line = document.getElementById("said");
  line.textContent = plain(text);
  line.className = `said ${className}`;
}

// In place of what stood there; the keyboard stays where it was. Not under a finger or a button of the mouse
// that is down: its release would hit nothing, or something else.
const held = { down: false, next: null };

function show(...children) {
  if (held.down) {
    held.next = children;
    return;
  }
  const panel = document.getElementById("panel");
  const focused = document.activeElement?.closest("[data-key]")?.dataset.key;
  const opened = new Set([...panel.querySelectorAll("details[open][data-key]")].map((node) => node.dataset.key));
  panel.replaceChildren(...children.flat().filter(Boolean));
  panel.removeAttribute("aria-busy");
  for (const node of panel.querySelectorAll("details[data-key]")) node.open = opened.has(node.dataset.key);
  if (focused) panel.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function release() {
  held.down = false;
  const next = held.next;
  held.next = null;
  if (next) show(...next);
}

window.addEventListener("pointerdown", () => { held.down = true; });
// After the click that the release makes.
for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, () => setTimeout(release));

function loginPage(account) {
  const path = account ? `/login?account=${encodeURIComponent(account)}` : "/login";
  return pageLink("Log in at Kite", path, { kind: "quiet", key: `login ${account ?? ""}` });
}

// Where an answer says that a session is over. The address is ours, not the answer's.
const loginLink = (error, account) => (error.details?.login_url ? loginPage(account) : null);

// How much of a limit is used: a name, a bar, the figures. Three cells of `.gauges`.
function gauge(name, used, limit, told = whole) {
  const share = limit > 0 ? used / limit : 0;
  const bar = make("span");
  bar.style.width = `${Math.min(100, Math.max(0, share * 100))}%`;
  const level = share >= 1 ? "gauge is-bad" : share >= 0.7 ? "gauge is-warn" : "gauge";
  return [
    make("span", { className: "name", text: name }),
    make("span", { className: level, "aria-hidden": "true" }, bar),
    make("span", { className: "value", text: `${told(used)} of ${told(limit)}` }),
  ];
}

function riskMark(risk) {
  const tint = { ACTIVE: "good", REDUCING: "warn", HALTED: "bad" }[risk.state] ?? "";
  return make("span", { className: `mark ${tint}`, text: sentence(risk.state) });
}
