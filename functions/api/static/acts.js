// Forms that change the desk: each names the route of the HTTP API that does it (`data-api="POST /api/..."`).
// The form's fields are the JSON that is sent; what the API finds wrong is told at the field it names.
import { refresh, say } from "./live.js";

const main = document.getElementById("main");

// A number is sent as a number, a checkbox as true or false, an empty field not at all.
function valueOf(field) {
  if (field.type === "checkbox") return field.checked;
  if (field.value === "") return field.hasAttribute("data-null") ? null : undefined;
  if (field.dataset.type === "json") return JSON.parse(field.value);
  return field.type === "number" || field.dataset.type === "number" ? Number(field.value) : field.value;
}

export function bodyOf(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled || (field.type === "radio" && !field.checked)) continue;
    if (field.hasAttribute("data-list")) {
      // Boxes of one name are a list of what is ticked.
      body[field.name] ??= [];
      if (field.checked) body[field.name].push(field.value);
      continue;
    }
    const value = valueOf(field);
    if (value !== undefined) body[field.name] = value;
  }
  return body;
}

export async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRF-Token": main.dataset.csrf },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch(() => null);
  if (!answer) return { ok: false, status: 0, told: { message: "The desk did not answer. Look whether it was done before you try again." } };
  const told = answer.status === 204 ? null : await answer.json().catch(() => ({ message: answer.statusText }));
  return { ok: answer.ok, status: answer.status, told };
}

// Opens a dialog whose form has a button of the value "yes". True if that is pressed.
export function saysYes(dialog) {
  const choices = dialog.querySelector("form");
  dialog.showModal();
  return new Promise((done) => {
    const answered = (event) => {
      // That a question before this one has ended may be told late, when this one stands already.
      if (event.type === "close" && dialog.open) return;
      choices.removeEventListener("submit", answered);
      dialog.removeEventListener("close", answered);
      done(event.submitter?.value === "yes");
    };
    choices.addEventListener("submit", answered);
    dialog.addEventListener("close", answered);
  });
}

// Asks once more, in the desk's own dialog.
export function ask(title, text) {
  document.getElementById("ask-title").textContent = title;
  document.getElementById("ask-text").textContent = text;
  return saysYes(document.getElementById("ask"));
}

export function forget(form) {
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  for (const note of form.querySelectorAll(".wrong")) note.remove();
}

// Puts what is wrong beneath the fields that are named, and tells whether it found them all.
export function tellAtFields(form, details) {
  if (!Array.isArray(details)) return false;
  const placed = details.map(({ field, message }) => {
    const name = String(field).replace(/^body\./, "");
    const place = [...form.elements].find((one) => one.name === name);
    if (!place) return false;
    place.setAttribute("aria-invalid", "true");
    const note = document.createElement("p");
    note.className = "wrong";
    note.id = `wrong-${form.id}-${name}`;
    note.textContent = message;
    place.setAttribute("aria-describedby", note.id);
    (place.closest(".field") || place.parentElement).append(note);
    return true;
  });
  form.querySelector("[aria-invalid]")?.focus();
  return placed.length > 0 && placed.every(Boolean);
}

// The form as it stands on the page now: its part may have been put in anew while its owner was asked.
function standing(form) {
  if (form.isConnected) return form;
  const same = (one) => one.dataset.api === form.dataset.api && one.elements.account?.value === form.elements.account?.value;
  return [...document.querySelectorAll("form[data-api]")].find(same) ?? form;
}

// A part with a form that is being sent is not put in anew: who asked could ask twice.
function isSent(form, now) {
  form.setAttribute("aria-busy", now);
  for (const button of form.querySelectorAll("button")) button.disabled = now;
}

async function send(asked) {
  const { api, confirm, confirmTitle, done, next } = asked.dataset;
  const body = asked.hasAttribute("data-bare") ? undefined : bodyOf(asked);
  if (confirm && !(await ask(confirmTitle || "Are you sure?", confirm))) return;
  const [method, path] = api.split(" ");
  const form = standing(asked);
  forget(form);
  say("");
  isSent(form, true);
  const { ok, told } = await call(method, path, body);
  isSent(form, false);
  if (ok) {
    say(done || told?.message || "Done.", false);
    form.dispatchEvent(new CustomEvent("carried-out", { bubbles: true, detail: told }));
    if (next) location.assign(next);
  } else if (!tellAtFields(form, told.details)) {
    say(told.message || "It was not carried out.");
  }
  refresh();
}

export function sendForms() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset.api) return;
    event.preventDefault();
    send(form);
  });
}
