// The order panel: tickets of what was asked for, or of all that waits, kept current while there is something to wait for.
"use strict";

const LOOK_MS = 4000;
const LOOK_SOON_MS = 2000;
const LONGEST_LOOK_MS = 30000;
const SILENT_MS = 10000;
const RISK_LASTS_MS = 30000;
const MOST_SHOWN = 10;

const order = {
  tickets: [],
  everything: false,
  asked: null,
  risks: new Map(),
  busy: new Set(),
  trouble: null,
  heard: false,
  looked: false,
  hurried: false,
  failures: 0,
  timer: null,
};

const acts = {
  risk: (account) => order.risks.get(account),
  busy: (ticket) => order.busy.has(ticket.id),
  // Before the figures are complete there is no button: it would move under the pointer.
  ready: () => order.looked || !host.callsTools,
  // What the assistant asked for, where the desk has nothing to call it by: it has refused it.
  asked() {
    const { transaction_type: side, quantity, tradingsymbol: symbol } = order.asked ?? {};
    return symbol ? [side, quantity, symbol].filter(Boolean).join(" ") : null;
  },
  opened() { order.hurried = true; plan(); },

  async decline(ticket) {
    order.busy.add(ticket.id);
    draw();
    try {
      await host.call("decide_approval", { account_id: ticket.account, order_id: ticket.id, decision: "decline", terms_digest: ticket.digest });
      become(ticket, "DECLINED");
      ticket.trouble = null;
      say("Declined. Nothing is placed.", "unseen");
    } catch (error) {
      ticket.trouble = error.message;
      say(error.message, "unseen");
    }
    order.busy.delete(ticket.id);
    await look();
  },
};

function draw() {
  const shown = order.tickets.slice(0, MOST_SHOWN);
  const more = order.tickets.length - shown.length;
  show(
    order.trouble ? troubleOf(order.trouble) : null,
    shown.map((ticket) => drawTicket(ticket, acts)),
    more > 0 ? make("p", { className: "fine", text: `${counted(more, "more order")} on the desk’s page.` }) : null,
    shown.length === 0 && !order.trouble ? make("p", { text: "Nothing waits for your yes." }) : null,
    foot());
}

function foot() {
  return make("footer", { className: "foot" },
    make("span", { text: order.lookedAt ? `As of ${order.lookedAt}` : "" }),
    looks() ? make("button", { type: "button", className: "link", text: "Refresh", key: "refresh", onclick: lookAgain }) : null);
}

function troubleOf(error) {
  const account = order.tickets[0]?.account ?? order.asked?.account_id;
  return make("div", { className: "notice bad", role: "alert" }, make("p", { text: error.message }), loginLink(error, account));
}

// A state that the panel has seen change is told to the assistant, in words of which none comes from outside.
function become(ticket, state, outcome = "") {
  const before = ticket.state;
  ticket.state = state;
  ticket.outcome = outcome;
  const named = /^[\w-]{1,64}$/.test(ticket.id) && /^[\w-]{1,40}$/.test(ticket.account);
  if (before !== state && !WAITS.includes(state) && state !== "UNKNOWN" && named) {
    host.tellAssistant(`The order ${ticket.id} in account ${ticket.account} is ${state} now.`);
  }
}

function take(answer) {
  if (Array.isArray(answer.approvals)) {
    order.everything = true;
    order.tickets = answer.approvals.map(ofView);
  } else if (answer.request_id) {
    order.tickets = [ofAnswer(answer)];
  } else {
    throw new Error("the desk has answered with something that is no order");
  }
}

function lookAgain() {
  for (const ticket of order.tickets) ticket.sought = 0;
  order.risks.clear();
  look();
}

async function look() {
  clearTimeout(order.timer);
  if (!looks() || host.isOver) return;
  try {
    await lookAtOrders();
    order.trouble = null;
    order.failures = 0;
  } catch (error) {
    order.trouble = error;
    order.failures += 1;
  }
  order.looked = true;
  draw();
  plan();
}

// A call that has failed has left nothing to look at.
const looks = () => host.callsTools && (order.everything || order.tickets.length > 0);

async function lookAtOrders() {
  const accounts = new Set(order.tickets.map((ticket) => ticket.account));
  const one = !order.everything && accounts.size === 1 ? { account_id: [...accounts][0] } : {};
  if (order.everything || order.tickets.some(waits)) {
    const { approvals } = await host.call("list_pending_approvals", one);
    merge(approvals);
  }
  order.lookedAt = istNow();
  for (const ticket of order.tickets) await follow(ticket);
  for (const ticket of order.tickets.filter((each) => each.state === "REFUSED" && each.away === undefined)) await lookAtSession(ticket);
  await lookAtRisk(new Set(order.tickets.filter(waits).map((ticket) => ticket.account)));
}

function merge(approvals) {
  const named = new Map(approvals.map((view) => [`${view.account} ${view.order_id}`, view]));
  for (const ticket of order.tickets) {
    const view = named.get(`${ticket.account} ${ticket.id}`);
    named.delete(`${ticket.account} ${ticket.id}`);
    if (view) Object.assign(ticket, ofView(view), { requestId: ticket.requestId });
    else if (waits(ticket)) ticket.gone = true;
  }
  if (order.everything) order.tickets.push(...[...named.values()].map(ofView));
}

// What became of a ticket that does not wait any more, or is on its way.
async function follow(ticket) {
  if (!ticket.gone && (waits(ticket) || !isFollowed(ticket))) return;
  ticket.sought += 1;
  if (ticket.requestId) {
    const answer = await host.call("request_state", { account_id: ticket.account, request_id: ticket.requestId });
    Object.assign(ticket, { intents: answer.intents ?? [], broken: answer.broken ?? [], message: answer.message ?? "", gone: WAITS.includes(answer.state) });
    if (!ticket.gone) become(ticket, answer.state, answer.state === "REFUSED" ? answer.message : "");
    return;
  }
  await findOut(ticket);
}

// A proposal has no name by which its state could be asked for: the audit log and the orders of the day tell.
async function findOut(ticket) {
  const { events } = await host.call("search_audit", { account_id: ticket.account, limit: 100 });
  const told = events.find((event) => event.details?.order_id === ticket.id && /^APPROVAL_(APPROVED|DECLINED|EXPIRED|REFUSED)$/.test(event.kind));
  if (told) {
    ticket.gone = false;
    become(ticket, told.kind.slice("APPROVAL_".length), told.details.outcome || "");
  } else if (ticket.sought >= MOST_SOUGHT) {
    ticket.gone = false;
    become(ticket, "UNKNOWN");
  }
  if (ticket.state !== "APPROVED") return;
  const { orders } = await host.call("desk_orders", { account_id: ticket.account, limit: 50 });
  const placed = orders.filter((each) => each.order_id === ticket.id);
  ticket.intents = placed.map((each) => ({ ...each, tradingsymbol: each.symbol, message: each.message || each.reason }));
  if (placed.some(moved)) become(ticket, "SENT");
}

// What a refused order may want is a login.
async function lookAtSession(ticket) {
  const { accounts } = await host.call("get_session", { account_id: ticket.account });
  ticket.away = accounts.some((session) => session.state !== "ACTIVE");
}

async function lookAtRisk(accounts) {
  const old = [...accounts].filter((account) => !(performance.now() < order.risks.get(account)?.until));
  for (const account of old) {
    const { accounts: found } = await host.call("get_risk_state", { account_id: account });
    for (const risk of found) order.risks.set(risk.account, { ...risk, until: performance.now() + RISK_LASTS_MS });
  }
}

function plan() {
  clearTimeout(order.timer);
  if (!host.callsTools || host.isOver || !order.tickets.some(isFollowed)) return;
  const pace = order.hurried ? LOOK_SOON_MS : LOOK_MS;
  order.timer = setTimeout(() => (document.hidden ? plan() : look()), Math.min(pace * 2 ** order.failures, LONGEST_LOOK_MS));
}

// Once a second the clocks; when one has run out, the whole.
function tick() {
  for (const ticket of order.tickets.filter((each) => waits(each) && each.ends !== null)) {
    const left = secondsLeft(ticket);
    const clock = document.querySelector(`[data-key="${CSS.escape(`clock ${ticket.id}`)}"]`);
    if (!clock) continue;
    clock.firstChild.textContent = timeLeft(left);
    clock.classList.toggle("is-late", left <= LATE_SECONDS);
    if (left === 0 && !ticket.toldOver) {
      ticket.toldOver = true;
      draw();
    }
  }
}

host.begin("patang-order", {
  "tool-input": (told) => { order.asked = told.arguments; },
  "tool-result": (result) => {
    order.heard = true;
    try {
      take(host.read(result));
    } catch (error) {
      order.trouble = error;
      if (error.details?.request_id) order.tickets = [ofAnswer(error.details)];
    }
    if (order.tickets[0]?.state === "REFUSED") order.trouble = null;
    draw();
    look();
  },
  "tool-cancelled": (told) => {
    order.heard = true;
    order.trouble = new Error(`The call was cancelled${told.reason ? `: ${told.reason}` : "."}`);
    draw();
  },
  over: () => clearTimeout(order.timer),
}).then(() => {
  setInterval(tick, 1000);
  setTimeout(() => {
    if (order.heard || !host.callsTools) return;
    show(make("p", { text: "The host has not passed on an answer of the desk." }),
      make("div", { className: "actions" }, button("Show what waits for a yes", () => { order.everything = true; look(); }, { kind: "quiet", key: "all" })));
  }, SILENT_MS);
}, (error) => show(make("p", { className: "notice bad", role: "alert", text: error.message })));
