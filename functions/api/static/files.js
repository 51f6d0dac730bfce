// Files that a form asks for go into its field of text, where their reader sees what will be sent.
import { say } from "./live.js";

document.addEventListener("change", async (event) => {
  const chosen = event.target;
  if (!(chosen instanceof HTMLInputElement) || !chosen.dataset.into) return;
  const [file] = chosen.files;
  if (!file) return;
  // Their first letters tell them, whatever they are called.
  const begin = await file.slice(0, 4).text();
  if (begin === "%PDF" || begin === "PK\u0003\u0004") {
    chosen.value = "";
    say(`${file.name} is ${begin === "%PDF" ? "a PDF" : "an Excel file"}, which the desk cannot read: choose a CSV file, or type its figures below.`);
    return;
  }
  const most = Number(chosen.dataset.most);
  const text = file.size > 4 * most ? null : await file.text();
  if (text === null || text.length > most) {
    chosen.value = "";
    say(`${file.name} is too large: ${most} characters at most. Save a shorter period, one file each.`);
    return;
  }
  say("");
  document.getElementById(chosen.dataset.into).value = text.replace(/^\uFEFF/, "");
});
