// The forms of the settings: what is typed is tried out, shown as a difference, and stored after a yes.
import { call, forget, saysYes } from "./acts.js";
import { say, whenShown } from "./live.js";

const form = document.getElementById("settings");
const review = document.getElementById("review");
const version = Number(form.dataset.version);
const places = [...form.querySelectorAll("[data-setting]:not([data-operator])")];

const parts = (text) => text.split(/[,;\n]/).map((one) => one.trim()).filter(Boolean);

// Figures may be written the Indian way; what is none goes as it is, for the desk to say so.
function figure(text) {
  const plain = text.replace(/[₹,\s]/g, "");
  return plain !== "" && Number.isFinite(Number(plain)) ? Number(plain) : text;
}

// By kind, the JSON of what stands in a place.
const READ = {
  switch: (place) => place.querySelector("input").checked,
  names: (place) => parts(place.querySelector("textarea").value),
  spans: (place) => parts(place.querySelector("input").value).map((one) => one.split(/\s*[-–]\s*/)),
  words: (place) => [...place.querySelectorAll("input:checked")].map((one) => one.value),
  rows: (place) =>
    [...place.querySelectorAll("[data-entry]")].map((entry) => {
      const columns = [...entry.querySelectorAll("[data-column]")];
      return Object.fromEntries(columns.map((column) => [column.dataset.column, valueOf(column)]));
    }),
};

function valueOf(place) {
  const { kind } = place.dataset;
  if (READ[kind]) return READ[kind](place);
  const text = place.querySelector("input, select").value.trim();
  if (text === "") return place.hasAttribute("data-optional") ? null : "";
  return kind === "whole" || kind === "number" ? figure(text) : text;
}

const written = (place) => JSON.stringify(valueOf(place));
const before = new Map(places.map((place) => [place, written(place)]));

function changes() {
  const changed = places.filter((place) => written(place) !== before.get(place));
  return Object.fromEntries(changed.map((place) => [place.dataset.setting, valueOf(place)]));
}

function count() {
  for (const place of places) place.classList.toggle("is-changed", written(place) !== before.get(place));
  const many = Object.keys(changes()).length;
  document.getElementById("changed-count").textContent = many ? `${many} changed` : "";
}

// Where a path of the desk's belongs: a setting's, a section's, or what is within a setting.
function placeOf(path) {
  for (let name = path; name; name = name.slice(0, Math.max(0, name.lastIndexOf(".")))) {
    const of = (kind) => form.querySelector(`[data-${kind}="${CSS.escape(name)}"]`);
    const place = of("setting") ?? of("section");
    if (place) return { place, within: path.slice(name.length + 1) };
  }
  return null;
}

function controlOf(place, within) {
  const [number, column] = within.split(".");
  const entry = place.dataset.kind === "rows" && place.querySelectorAll("[data-entry]")[Number(number)];
  const around = (entry && entry.querySelector(`[data-column="${CSS.escape(column ?? "")}"]`)) || entry || place;
  return around.matches("[data-section]") ? null : around.querySelector("input, select, textarea");
}

function tell(details) {
  const elsewhere = [];
  for (const [index, { field, message }] of details.entries()) {
    const found = placeOf(field);
    if (!found) {
      elsewhere.push(message);
      continue;
    }
    const note = document.createElement("p");
    note.className = "wrong";
    note.id = `wrong-${index}`;
    note.textContent = message;
    const control = controlOf(found.place, found.within);
    if (control) {
      control.setAttribute("aria-invalid", "true");
      control.setAttribute("aria-describedby", `${note.id} ${control.dataset.described ?? ""}`.trim());
      (control.closest("[data-column]") ?? found.place.querySelector(".setting-value")).append(note);
    } else {
      // A section's stands beneath its heading, one of a setting that is only shown beside what it is.
      (found.place.querySelector("legend") ?? found.place.querySelector(".setting-about").lastElementChild).after(note);
    }
  }
  const first = form.querySelector("[aria-invalid]") ?? form.querySelector(".wrong");
  first?.scrollIntoView({ block: "center" });
  first?.focus?.();
  say(elsewhere.join(" ") || "Nothing was stored: see what is wrong at the fields.");
}

const moment = new Intl.DateTimeFormat("en-IN", { dateStyle: "medium", timeStyle: "short", hourCycle: "h23", timeZone: "Asia/Kolkata" });

function cell(row, name, text) {
  const made = document.createElement("td");
  if (name) made.dataset.name = name;
  made.textContent = text;
  row.append(made);
  return made;
}

// In the desk's own words: what a version changes need not all stand on this page.
function line(diff) {
  const row = document.createElement("tr");
  const named = cell(row, "", "");
  const name = document.createElement("strong");
  name.textContent = diff.name;
  const beneath = document.createElement("span");
  beneath.className = "small";
  beneath.textContent = diff.path;
  named.append(name, beneath);
  cell(row, "Before", diff.old_said);
  cell(row, "After", diff.new_said);
  const until = diff.waits_until;
  const waits = () => `waits: ${diff.meanwhile_said} holds until ${moment.format(new Date(until))} IST`;
  cell(row, "Holds", until ? waits() : "at once").classList.toggle("warn", Boolean(until));
  return row;
}

function confirmed(diffs) {
  review.querySelector("tbody").replaceChildren(...diffs.map(line));
  document.getElementById("live-warning").hidden = !diffs.some(({ path, new: next }) => path === "mode" && next === "live");
  return saysYes(review);
}

async function submit() {
  const wanted = changes();
  forget(form);
  say("");
  if (!Object.keys(wanted).length) return say("Nothing is changed yet.");
  const tried = await call("POST", "/api/settings/preview", { version, changes: wanted });
  if (!tried.ok) return refused(tried);
  if (!tried.told.changes.length) return say("That is what is set already.");
  if (!(await confirmed(tried.told.changes))) return undefined;
  const note = document.getElementById("review-note").value.trim();
  const stored = await call("PATCH", "/api/settings", { version, changes: wanted, note });
  if (!stored.ok) return refused(stored);
  location.assign(`/settings/history/${stored.told.version}`);
  return undefined;
}

function refused({ told }) {
  if (Array.isArray(told.details) && told.details.length) tell(told.details);
  else say(told.message || "It was not carried out.");
}

// What comes first is tried first; there its button is gone, and who pressed it by a key goes on from the box.
function sooner(button) {
  const tick = button.closest(".tick");
  const before = tick.previousElementSibling;
  if (!before) return;
  tick.after(before);
  (tick.previousElementSibling ? button : tick.querySelector("input")).focus();
  count();
}

function edit({ target }) {
  if (target.matches("[data-earlier]")) return sooner(target);
  const list = target.closest("[data-setting]")?.querySelector(".entries");
  if (target.matches("[data-add]")) {
    list.append(list.parentElement.querySelector("template").content.cloneNode(true));
    list.lastElementChild.querySelector("input, select").focus();
  } else if (target.matches("[data-take-away]")) {
    target.closest("[data-entry]").remove();
    list.parentElement.querySelector("[data-add]").focus();
  } else return undefined;
  return count();
}

const ticks = places.flatMap((place) => [...place.querySelectorAll(".ticks")]).map((one) => [one, [...one.children]]);
const first = places.map((place) => [place, place.querySelector(".entries")?.cloneNode(true)]).filter(([, list]) => list);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = document.getElementById("review-changes");
  button.disabled = true;
  await submit();
  button.disabled = false;
});
form.addEventListener("click", edit);
form.addEventListener("input", count);
form.addEventListener("reset", () => {
  for (const [place, list] of first) place.querySelector(".entries").replaceWith(list.cloneNode(true));
  for (const [list, those] of ticks) list.append(...those);
  forget(form);
  setTimeout(count);
});
whenShown(() => {
  const now = Number(document.getElementById("settings-waiting").dataset.version);
  document.getElementById("overtaken").hidden = now === version;
});
