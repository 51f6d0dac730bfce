// The desk panel: what is held, made, risked and waited for, and the button that stops entries. It can halt, which
// lowers risk; to resume or to say yes leads to the desk's own page.
"use strict";

const LOOK_MS = 15000;
const LONGEST_LOOK_MS = 120000;
const SHOWN_ALERTS = 8;

const desk = {
  status: null,
  heardAt: 0,
  alerts: new Map(),
  trouble: null,
  refusal: null,
  busy: false,
  failures: 0,
  timer: null,
  visible: true,
};

function draw() {
  const status = desk.status;
  if (!status) {
    show(desk.trouble ? troubleOf(desk.trouble) : make("p", { text: "The desk has not answered yet." }), foot());
    return;
  }
  show(head(status), desk.trouble ? troubleOf(desk.trouble) : null, notices(status), approvals(status.approvals), result(status.pnl),
    risk(status.risk), positions(status), alerts(), foot());
}

function head(status) {
  const market = status.data.market_time;
  return make("header", { className: "head" },
    make("div", {},
      make("h1", {}, "Patang desk ",
        make("span", { className: status.mode === "live" ? "mark bad" : "mark", text: status.mode === "live" ? "Live, real money" : sentence(status.mode) }),
        status.profile === "safe" ? null : [" ", make("span", { className: "mark warn", text: `Profile ${words(status.profile)}` })]),
      make("p", { className: "quiet-text", text: market ? `Market ${String(market).slice(0, 10)} ${clockTime(market, true)} IST` : "No market data yet" })),
    haltAll(status));
}

function haltAll(status) {
  if (!host.callsTools || status.risk.length === 0) return null;
  const running = status.risk.filter((each) => each.state !== "HALTED");
  if (running.length === 0) return null;
  const all = status.risk.length > 1;
  return button(all ? "Halt all entries" : "Halt entries", () => halt(all ? null : running[0].account),
    { kind: "danger", key: "halt", disabled: desk.busy });
}

function notices(status) {
  const away = status.sessions.filter((session) => session.state !== "ACTIVE");
  const told = desk.refusal ? [make("p", { className: "notice bad", text: desk.refusal })] : [];
  for (const session of away) {
    told.push(make("div", { className: "notice warn" },
      make("p", { text: `${session.label || session.account} has no session at Kite (${words(session.state)}).` }),
      loginPage(session.account)));
  }
  if (status.data.stale) told.push(warning(`The market data is ${age(status.data.age_seconds)}: nothing new is entered on it.`));
  if (status.models_not_promoted) told.push(warning(`Models ${status.models_not_promoted}. Nothing is proposed on them.`));
  for (const problem of status.subscription_problems) told.push(warning(`Messages may not reach you: ${problem}`));
  return told;
}

const warning = (text) => make("p", { className: "notice warn", text });

function age(seconds) {
  if (typeof seconds !== "number") return "not there yet";
  if (seconds < 90) return `${Math.round(seconds)} s old`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min old` : `${Math.round(seconds / 3600)} h old`;
}

function approvals(waiting) {
  if (waiting.length === 0) return null;
  return make("section", {}, make("h2", { text: counted(waiting.length, "order waits", "orders wait") + " for your yes" }),
    make("ul", { className: "rows" }, waiting.map((view) => {
      const profit = typeof view.expected_net_profit === "number" ? `expected ${rupees(view.expected_net_profit)}, at risk ${rupees(view.risk_amount)}` : `value ${rupees(view.value)}`;
      return make("li", {},
        make("span", { className: "what" }, make("strong", { text: view.title }),
          make("small", {}, make("span", { "data-ends": String(desk.heardAt + view.seconds_left * 1000), text: leftOf(view.seconds_left) }), `, ${view.account}, ${profit}`)),
        pageLink("Review", `/proposals/${encodeURIComponent(view.account)}/${encodeURIComponent(view.order_id)}`, { kind: "quiet small", key: `review ${view.order_id}` }));
    })));
}

const leftOf = (seconds) => (seconds > 0 ? `${timeLeft(seconds)} left` : "Time is over");

function result(pnl) {
  return make("section", {}, make("h2", { text: `Today, ${counted(pnl.closed_trades, "closed trade")}` }),
    make("p", { className: `total ${tone(pnl.total)}`, text: signed(pnl.total) }),
    make("dl", { className: "facts" },
      fact("Realised", signed(pnl.realised), tone(pnl.realised)),
      fact("Unrealised", signed(pnl.unrealised), tone(pnl.unrealised)),
      fact("Charges", rupees(pnl.charges))));
}

function risk(accounts) {
  return make("section", {}, make("h2", { text: "Risk" }), accounts.map((each) => make("div", { className: "account" },
    make("div", { className: "between" },
      make("span", {}, make("strong", { text: each.account }), " ", riskMark(each)),
      haltOne(each, accounts.length)),
    each.halted ? make("p", { className: "quiet-text", text: `${each.halt_reason || "halted"} (by ${each.halted_by || "the desk"})` })
      : each.blocked_because ? make("p", { className: "quiet-text", text: each.blocked_because }) : null,
    make("div", { className: "gauges" },
      gauge("Day’s loss", each.daily_loss, each.daily_loss_limit),
      gauge("Drawdown", each.drawdown, each.drawdown_limit),
      gauge("Invested", each.open_exposure + each.reserved_exposure, each.exposure_limit),
      gauge("Positions", each.open_positions + each.reservations, each.positions_limit, String)))));
}

function haltOne(each, accounts) {
  if (each.state === "HALTED") return pageLink("Resume on the desk’s page", "/", { kind: "quiet small", key: `resume ${each.account}` });
  if (accounts === 1 || !host.callsTools) return null;
  return button("Halt", () => halt(each.account), { kind: "danger small", key: `halt ${each.account}`, disabled: desk.busy });
}

function positions(status) {
  const open = status.positions;
  return make("section", {}, make("h2", { text: open.length === 0 ? "No open position" : counted(open.length, "open position") }),
    open.length === 0 ? null : make("ul", { className: "rows" }, open.map((each) => make("li", {},
      make("span", { className: "what" }, make("strong", { text: `${each.quantity} ${each.symbol}` }), each.state === "OPEN" ? null : [" ", make("span", { className: "mark", text: sentence(each.state) })],
        make("small", { text: `entry ${rupees(each.entry_price)}, now ${rupees(each.last_price)}` }),
        make("small", { text: `stop ${rupees(each.stop_loss_price)}, target ${rupees(each.target_price)}, account ${each.account}` })),
      make("span", { className: `much ${tone(each.unrealised_pnl)}`, text: signed(each.unrealised_pnl) })))));
}

function alerts() {
  if (desk.alerts.size === 0) return null;
  const told = [...desk.alerts.values()];
  const found = told.flatMap((each) => each.alerts ?? []);
  const title = found.length > 0 ? counted(found.length, "price alert") : told.some((each) => each.error) ? "Price alerts" : "No price alert";
  return make("section", {}, make("h2", { text: title }),
    [...desk.alerts].filter(([, each]) => each.error).map(([account, { error }]) => [
      make("p", { className: "quiet-text", text: error.details?.login_url ? `Account ${account} has to log in again before its alerts can be asked for.` : error.message }),
      loginLink(error, account)]).flat(),
    make("ul", { className: "rows" }, found.slice(0, SHOWN_ALERTS).map((each) => make("li", {},
      make("span", { className: "what" }, make("strong", { text: each.name }), make("small", { text: condition(each) })),
      make("span", { className: "much" }, sentence(each.status), each.alert_count > 0 ? make("small", { text: `went off ${counted(each.alert_count, "time")}` }) : null)))),
    found.length > SHOWN_ALERTS ? make("p", { className: "fine", text: `${found.length - SHOWN_ALERTS} more` }) : null);
}

function condition(alert) {
  const right = alert.rhs_type === "constant" ? rupees(Number(alert.rhs_constant)) : `${alert.rhs_exchange}:${alert.rhs_tradingsymbol}`;
  return `${alert.lhs_exchange}:${alert.lhs_tradingsymbol} ${alert.operator} ${right}${alert.type === "ato" ? ", places orders" : ""}`;
}

function foot() {
  const links = [host.callsTools ? make("button", { type: "button", className: "link", text: "Refresh", key: "refresh", onclick: () => look() }) : null,
    host.opensLinks ? make("button", { type: "button", className: "link", text: "Open the desk", key: "desk", onclick: () => host.open(`${DESK}/`).catch((error) => say(error.message)) }) : null];
  return make("footer", { className: "foot" }, make("span", { text: desk.lookedAt ? `As of ${desk.lookedAt}` : "" }), make("span", {}, links));
}

function troubleOf(error) {
  return make("div", { className: "notice bad", role: "alert" }, make("p", { text: error.message }), loginLink(error, null));
}

async function halt(account) {
  desk.busy = true;
  draw();
  try {
    const told = await host.call("halt", { ...(account ? { account_id: account } : {}), reason: "halted by hand in the desk panel" });
    const halted = told.accounts.map((each) => each.account).filter((name) => /^[\w-]{1,40}$/.test(name));
    desk.refusal = null;
    say("Entries are stopped. Exits go on.", "unseen");
    host.tellAssistant(`Entries are halted by hand in the desk panel, accounts: ${halted.join(", ")}.`);
  } catch (error) {
    desk.refusal = `Not halted: ${error.message}`;
    say(desk.refusal, "unseen");
  }
  desk.busy = false;
  await look();
}

function take(status) {
  if (!Array.isArray(status.risk) || !status.pnl) throw new Error("the desk has answered with something that is no status");
  desk.status = status;
  desk.heardAt = performance.now();
  desk.lookedAt = istNow();
}

async function look() {
  clearTimeout(desk.timer);
  if (!host.callsTools || host.isOver) return;
  try {
    take(await host.call("get_status"));
    desk.trouble = null;
    desk.failures = 0;
    draw();
    await lookAtAlerts();
  } catch (error) {
    desk.trouble = error;
    desk.failures += 1;
  }
  draw();
  plan();
}

// The alerts are the broker's: asked for where there is a session, and their failing leaves the rest standing.
async function lookAtAlerts() {
  const there = desk.status.sessions.filter((session) => session.state === "ACTIVE").map((session) => session.account);
  for (const account of desk.alerts.keys()) if (!there.includes(account)) desk.alerts.delete(account);
  for (const account of there) {
    desk.alerts.set(account, await host.call("list_alerts", { account_id: account }).catch((error) => ({ error })));
  }
}

function plan() {
  clearTimeout(desk.timer);
  if (!host.callsTools || host.isOver) return;
  const pause = Math.min(LOOK_MS * 2 ** desk.failures, LONGEST_LOOK_MS);
  desk.timer = setTimeout(() => (desk.visible && !document.hidden ? look() : plan()), pause);
}

function tick() {
  for (const node of document.querySelectorAll("[data-ends]")) {
    node.textContent = leftOf((Number(node.dataset.ends) - performance.now()) / 1000);
  }
}

host.begin("patang-desk", {
  "tool-result": (told) => {
    try {
      take(host.read(told));
      desk.trouble = null;
    } catch (error) {
      desk.trouble = error;
    }
    draw();
    look();
  },
  "tool-cancelled": () => look(),
  over: () => clearTimeout(desk.timer),
}).then(() => {
  // A panel that has been scrolled away asks for nothing.
  new IntersectionObserver(([entry]) => { desk.visible = entry.isIntersecting; }).observe(document.body);
  setInterval(tick, 1000);
}, (error) => show(make("p", { className: "notice bad", role: "alert", text: error.message })));
