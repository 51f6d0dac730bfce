// What every page of the console does: it keeps itself up to date, counts time, and sends what is asked for.
import { keepUp } from "./live.js";
import { countTime } from "./time.js";
import { sendForms } from "./acts.js";

document.documentElement.classList.add("scripted");
// On a phone the pages are a row to be pushed: the one that is open is in sight.
for (const open of document.querySelectorAll("nav [aria-current]")) {
  const row = open.closest("nav");
  row.scrollLeft += open.getBoundingClientRect().left - row.getBoundingClientRect().left - row.clientWidth / 3;
}
countTime();
sendForms();
keepUp();
