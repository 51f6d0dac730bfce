// The status page: draws what /api/status says, every two seconds, and says so when it is old.
// Everything from the desk is put in as text, never as markup.
"use strict";

const EVERY_MS = 2000;
const FORGET_AFTER_MS = 10000;
const LONGEST_DETAIL = 48;
const money = new Intl.NumberFormat("en-IN", { style: "currency", currency: "INR" });
const plainMoney = new Intl.NumberFormat("en-IN", { style: "currency", currency: "INR", maximumFractionDigits: 0 });
const bar = document.getElementById("bar");

let heardAt = 0;

const at = (id) => document.getElementById(id);

function make(tag, { text, className, ...attributes } = {}, ...children) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const tone = (amount) => (amount > 0 ? "good" : amount < 0 ? "bad" : "");
const signed = (amount) => (amount > 0 ? "+" : "") + money.format(amount).replace("-", "−");
const price = (amount) => (amount === null ? "–" : money.format(amount));
const words = (name) => name.replaceAll("_", " ").toLowerCase();
const clockTime = (moment, seconds = false) => (moment ? moment.slice(11, seconds ? 19 : 16) : "–");

function put(id, text, className) {
  const node = at(id);
  node.textContent = text;
  if (className !== undefined) node.className = className;
}

function light(id, good, text) {
  const node = at(id);
  node.className = `light ${good ? "is-good" : "is-bad"}`;
  node.textContent = text;
}

function age(seconds) {
  if (seconds === null) return "none yet";
  if (seconds < 60) return `${Math.round(seconds)} s old`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min old`;
  return `${Math.round(seconds / 3600)} h old`;
}

function drawBar(status) {
  put("mode", status.mode, `chip ${status.mode === "live" ? "live" : ""}`);
  at("mode").hidden = false;
  put("profile", status.profile);
  at("profile").hidden = status.profile === "safe";
  const away = status.sessions.filter((session) => session.state !== "ACTIVE");
  light("session", away.length === 0, away.length === 0 ? "session" : "");
  at("session").append(...away.map((session) => make("a", {
    text: `${session.account}: log in (session ${session.state.toLowerCase()})`,
    href: `/login?account=${encodeURIComponent(session.account)}`,
  })));
  light("data", !status.data.stale, `data ${age(status.data.age_seconds)}`);
  const market = status.data.market_time;
  put("market-time", market ? `${market.slice(0, 10)} ${clockTime(market, true)} IST` : "");
  at("desk").classList.toggle("is-stale", status.data.stale);
}

function drawPnl(pnl) {
  put("pnl-total", signed(pnl.total), `total ${tone(pnl.total)}`);
  put("pnl-realised", signed(pnl.realised), tone(pnl.realised));
  put("pnl-unrealised", signed(pnl.unrealised), tone(pnl.unrealised));
  put("pnl-charges", price(pnl.charges));
  put("trades", `· ${pnl.closed_trades} closed ${pnl.closed_trades === 1 ? "trade" : "trades"}`);
}

function gauge(name, value, limit, show) {
  const meter = make("meter", { min: 0, max: limit, value: Math.min(value, limit), low: limit * 0.5, high: limit * 0.85, optimum: 0, "aria-label": name });
  return make("div", { className: "gauge" }, make("span", { text: name, className: "muted" }), meter, make("span", { text: `${show(value)} of ${show(limit)}` }));
}

function drawRisk(accounts) {
  const rupees = (amount) => plainMoney.format(amount);
  at("risk").replaceChildren(...accounts.map((account) => {
    const open = account.blocked_by === null;
    const reducing = account.state === "REDUCING";
    const state = account.halted ? (reducing ? "Exits only" : "Halted") : open ? "Entries open" : "Entries closed";
    const button = make("button", { text: account.halted ? "Resume" : "Halt", className: "button quiet tight", type: "button" });
    // The day's loss cannot be argued with.
    button.hidden = reducing && account.blocked_by === "DAILY_LOSS_LIMIT";
    button.addEventListener("click", () => switchHalt(account));
    return make("div", { className: "account" },
      make("div", { className: "risk-head" },
        make("strong", { text: state, className: open ? "good" : account.halted ? "bad" : "warn" }),
        make("span", { text: open || account.halted ? account.account : `${account.account} · ${words(account.blocked_by)}`, className: "muted" }), button),
      account.halted ? make("p", { className: "small", text: `${account.halt_reason || ""} (${account.halted_by || "?"})` }) : null,
      gauge("Day's loss", account.daily_loss, account.daily_loss_limit, rupees),
      gauge("Drawdown", account.drawdown, account.drawdown_limit, rupees),
      gauge("Exposure", account.open_exposure + account.reserved_exposure, account.exposure_limit, rupees),
      gauge("Positions", account.open_positions + account.reservations, account.positions_limit, String));
  }));
}

async function switchHalt(account) {
  const doing = account.halted ? "resume" : "halt";
  const question = account.halted
    ? `Resume ${account.account}? New entries are allowed again.`
    : `Halt ${account.account}? No new entry is made; open positions keep their stops and targets.`;
  if (!confirm(question)) return;
  const answer = await fetch(`/api/risk/${doing}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": bar.dataset.csrf },
    body: JSON.stringify({ account: account.account }),
  }).catch(() => null);
  if (!answer || !answer.ok) trouble(`The ${doing} was not carried out. Try again.`);
  refresh();
}

function outlook(approval) {
  if (approval.kind === "proposal") {
    return `expects ${signed(approval.expected_net_profit)} after charges · risks ${price(approval.risk_amount)}`;
  }
  return approval.value === null ? "value not known" : `worth ${price(approval.value)}`;
}

function drawApprovals(approvals) {
  const place = at("approvals");
  place.hidden = approvals.length === 0;
  place.replaceChildren(...approvals.map((approval) => {
    const limit = approval.price === null ? "" : ` at ${price(approval.price)}`;
    const left = approval.seconds_left;
    return make("article", { className: "card waiting" },
      make("div", {},
        make("strong", { text: approval.kind === "proposal" ? `${approval.title}${limit}` : approval.title }),
        make("p", { className: "small", text: `${outlook(approval)} · ${approval.reason}` })),
      make("span", { className: `countdown ${left <= 15 ? "is-late" : ""}`, text: `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` }),
      make("a", { className: "button", text: "Decide", href: `/proposals/${encodeURIComponent(approval.account)}/${encodeURIComponent(approval.order_id)}` }));
  }));
}

function road(position) {
  const span = position.target_price - position.stop_loss_price;
  const place = (amount) => `${Math.min(100, Math.max(0, ((amount - position.stop_loss_price) / span) * 100))}%`;
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("aria-hidden", "true");
  for (const [amount, kind] of [[position.entry_price, "entry"], [position.last_price, "now"]]) {
    if (amount === null || span <= 0) continue;
    const line = document.createElementNS(space, "line");
    line.setAttribute("class", kind);
    line.setAttribute("x1", place(amount));
    line.setAttribute("x2", place(amount));
    line.setAttribute("y1", kind === "now" ? "0" : "25%");
    line.setAttribute("y2", kind === "now" ? "100%" : "75%");
    svg.append(line);
  }
  return make("div", {},
    make("span", { className: "road" }, svg),
    make("span", { className: "ends" }, make("span", { text: `stop ${price(position.stop_loss_price)}` }), make("span", { text: `target ${price(position.target_price)}` })));
}

function drawPositions(positions) {
  if (positions.length === 0) {
    at("positions").replaceChildren(make("p", { className: "empty", text: "Nothing is open." }));
    return;
  }
  const head = make("tr", {}, ...["Position", "Entry", "Last", "Stop to target", "Unrealised"].map((text) => make("th", { text, scope: "col" })));
  const rows = positions.map((position) => make("tr", {},
    make("td", {}, make("strong", { text: `${position.quantity} ${position.symbol}` }),
      make("span", { className: "small", text: `${words(position.strategy)} · ${position.product} · since ${clockTime(position.entry_time)}${position.state === "CLOSING" ? " · closing" : ""}` })),
    make("td", { "data-name": "Entry", text: price(position.entry_price) }),
    make("td", { "data-name": "Last", text: price(position.last_price) }),
    make("td", { className: "stretch" }, road(position)),
    make("td", { "data-name": "Unrealised", text: position.unrealised_pnl === null ? "–" : signed(position.unrealised_pnl), className: tone(position.unrealised_pnl) })));
  at("positions").replaceChildren(make("table", { className: "cards" }, make("thead", {}, head), make("tbody", {}, ...rows)));
}

function drawClosed(positions) {
  at("closed-card").hidden = positions.length === 0;
  const head = make("tr", {}, ...["Position", "Entry", "Exit", "Why", "After charges"].map((text) => make("th", { text, scope: "col" })));
  const rows = positions.map((position) => make("tr", {},
    make("td", {}, make("strong", { text: `${position.quantity} ${position.symbol}` }),
      make("span", { className: "small", text: `${clockTime(position.entry_time)} to ${clockTime(position.exit_time)} · charges ${price(position.charges)}` })),
    make("td", { "data-name": "Entry", text: price(position.entry_price) }),
    make("td", { "data-name": "Exit", text: price(position.exit_price) }),
    make("td", { "data-name": "Why", text: words(position.exit_reason || "–") }),
    make("td", { "data-name": "After charges", text: position.realised_pnl === null ? "–" : signed(position.realised_pnl), className: tone(position.realised_pnl) })));
  at("closed").replaceChildren(make("table", { className: "cards" }, make("thead", {}, head), make("tbody", {}, ...rows)));
}

function drawSignals(signals) {
  if (signals.length === 0) {
    at("signals").replaceChildren(make("p", { className: "empty", text: "No signal today." }));
    return;
  }
  at("signals").replaceChildren(make("ul", { className: "list" }, ...signals.map((signal) => {
    const taken = signal.refused.length === 0;
    const why = taken ? signal.reason : `${signal.refused.map(words).join(", ")} – ${signal.reason}`;
    return make("li", {},
      make("time", { text: clockTime(signal.as_of) }),
      make("span", { text: `${signal.signal_type} ${signal.symbol}` }),
      make("span", { className: `tag ${taken ? "good" : ""}`, text: taken ? "passed on" : "refused" }),
      make("span", { className: "more", text: `${(signal.confidence * 100).toFixed(0)} %${signal.model_promoted ? "" : " by a model for demonstration only"} · ${why}` }));
  })));
}

function drawEvents(events) {
  if (events.length === 0) {
    at("events").replaceChildren(make("p", { className: "empty", text: "Nothing has happened today." }));
    return;
  }
  at("events").replaceChildren(make("ul", { className: "list" }, ...events.map((event) => {
    const details = Object.entries(event.details).filter(([, value]) => ["string", "number"].includes(typeof value) && String(value).length <= LONGEST_DETAIL).slice(0, 4);
    return make("li", {},
      make("time", { text: clockTime(event.as_of) }),
      make("span", { text: words(event.kind) }),
      make("span", { className: "small", text: event.actor }),
      make("span", { className: "more", text: details.map(([name, value]) => `${words(name)} ${value}`).join(" · ") }));
  })));
}

function trouble(text) {
  at("trouble").hidden = !text;
  at("trouble").textContent = text || "";
}

function draw(status) {
  heardAt = performance.now();
  drawBar(status);
  drawPnl(status.pnl);
  drawRisk(status.risk);
  drawApprovals(status.approvals);
  at("subscriptions").hidden = status.subscription_problems.length === 0;
  at("subscriptions").textContent = `Messages may not reach you: ${status.subscription_problems.join("; ")}.`;
  at("models").hidden = status.models_not_promoted === "";
  at("models").textContent = `Models ${status.models_not_promoted}. Nothing is proposed; your own orders go.`;
  drawPositions(status.positions);
  drawClosed(status.closed);
  drawSignals(status.signals);
  drawEvents(status.events);
  document.title = `${signed(status.pnl.total)} · Patang`;
}

async function refresh() {
  const answer = await fetch("/api/status", { headers: { Accept: "application/json" } }).catch(() => null);
  if (answer && answer.status === 401) {
    trouble("You are signed out. Reload the page to sign in.");
    at("desk").classList.add("is-stale");
    return false;
  }
  if (answer && answer.ok) {
    trouble("");
    draw(await answer.json());
  } else if (performance.now() - heardAt > FORGET_AFTER_MS) {
    trouble(`The desk has not answered for ${Math.round((performance.now() - heardAt) / 1000)} s. What is shown is old.`);
    at("desk").classList.add("is-stale");
  }
  return true;
}

async function keepUp() {
  // A page nobody looks at asks for nothing.
  const goOn = document.hidden || (await refresh());
  if (goOn) setTimeout(keepUp, EVERY_MS);
}

draw(JSON.parse(at("first-status").textContent));
setTimeout(keepUp, EVERY_MS);
