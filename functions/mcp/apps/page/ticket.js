// A ticket: one order that was asked for or proposed. What it would be, what it comes to, what became of it.
"use strict";

const WAITS = ["WAITING", "PENDING"];
const LATE_SECONDS = 15;
const OVERDUE_MS = 60000;
const MOST_SOUGHT = 15;

// What is said of each state: a tone and a sentence. The desk's own words come beside it.
const STATES = {
  WAITING: ["", "Waits for your yes."],
  PENDING: ["", "Waits for your yes."],
  APPROVED: ["good", "Approved."],
  SENT: ["good", "Sent to the broker."],
  DECLINED: ["", "Declined. Nothing was sent."],
  EXPIRED: ["warn", "Nobody answered in time. Nothing was sent."],
  REFUSED: ["bad", "Refused. Nothing was sent."],
  UNKNOWN: ["", "It does not wait any more. The desk’s page tells what became of it."],
};

const pageOf = (ticket) => `/proposals/${encodeURIComponent(ticket.account)}/${encodeURIComponent(ticket.id)}`;
const waits = (ticket) => WAITS.includes(ticket.state);
const secondsLeft = (ticket) => (ticket.ends === null ? null : Math.max(0, (ticket.ends - performance.now()) / 1000));

function ofView(view) {
  return {
    account: view.account, id: view.order_id, requestId: null, state: view.state, view, figures: view, digest: view.terms_digest,
    until: view.expires_at, ends: performance.now() + view.seconds_left * 1000, toldOver: false, broken: [], intents: [], message: "", sought: 0,
  };
}

function ofAnswer(answer) {
  return {
    account: answer.account, id: answer.approval_id ?? answer.request_id, requestId: answer.request_id, state: answer.state, view: null,
    figures: answer.figures ?? null, digest: answer.terms_digest ?? null, until: answer.expires_at ?? null, ends: null,
    broken: answer.broken ?? [], intents: answer.intents ?? [], message: answer.message ?? "", sought: 0,
  };
}

const moved = (intent) => ["COMPLETE", "REJECTED", "CANCELLED"].includes(intent.broker_status ?? intent.state);

// Whether more is to come by itself. Nothing is asked for without an end: a chat may stay open for days.
function isFollowed(ticket) {
  if (waits(ticket) && !ticket.gone) return ticket.ends === null || performance.now() < ticket.ends + OVERDUE_MS;
  if (ticket.sought >= MOST_SOUGHT) return false;
  return ticket.gone || ticket.state === "APPROVED" || (ticket.state === "SENT" && ticket.intents.some((intent) => intent.answered === false));
}

function drawTicket(ticket, acts) {
  const view = ticket.view;
  const lines = ticket.figures?.lines ?? [];
  const title = view?.title ?? (lines.length === 1 ? lines[0] : acts.asked() ?? "Order");
  const terms = view?.kind === "proposal" ? termsOf(view) : lines.length === 1 && lines[0] !== title ? lines[0] : null;
  return make("article", { className: "ticket", "aria-label": title },
    make("header", { className: "head" },
      make("div", {},
        make("p", { className: "marks" }, modeMark(view?.mode), make("span", { text: origin(ticket) })),
        make("h2", { className: "title", text: title }),
        terms ? make("p", { className: "terms", text: terms }) : null),
      waits(ticket) ? countdown(ticket) : null),
    stateOf(ticket),
    brokenRules(ticket.broken),
    ticket.away ? make("div", { className: "actions" }, loginPage(ticket.account)) : null,
    figuresOf(ticket),
    linesOf(lines),
    intentsOf(ticket.intents),
    whyOf(ticket),
    riskOf(ticket, acts.risk(ticket.account)),
    actionsOf(ticket, acts));
}

function modeMark(mode) {
  if (!mode) return null;
  return make("span", { className: mode === "live" ? "mark bad" : "mark", text: mode === "live" ? "Live, real money" : sentence(mode) });
}

function origin(ticket) {
  const view = ticket.view;
  if (!view) return `Account ${ticket.account}`;
  const who = view.kind === "proposal" ? `proposed by ${words(view.strategy)}` : `asked for by ${view.asked_by}`;
  return `Account ${ticket.account}, ${who}`;
}

function termsOf(view) {
  const price = typeof view.price !== "number" ? view.order_type : `${view.order_type} at ${rupees(view.price)}`;
  return [price, view.product, view.validity, view.exchange].filter(Boolean).join(", ");
}

function countdown(ticket) {
  const left = secondsLeft(ticket);
  if (left === null) return make("p", { className: "clock", text: ticket.until ? `until ${clockTime(ticket.until, true)} IST` : "" });
  return make("p", { className: left <= LATE_SECONDS ? "clock is-late" : "clock", role: "timer", key: `clock ${ticket.id}` },
    make("strong", { text: timeLeft(left) }), make("span", { text: "left to decide" }));
}

function stateOf(ticket) {
  if (waits(ticket)) return null;
  const [tint, text] = ticket.state === "SENT" ? sentState(ticket.intents) : STATES[ticket.state] ?? ["", sentence(ticket.state)];
  const more = ticket.outcome || (ticket.state === "APPROVED" && ticket.message) || "";
  return make("p", { className: `notice ${tint}` }, make("strong", { text }), more ? ` ${more}` : "");
}

function sentState(intents) {
  const all = intents.map((intent) => intent.broker_status ?? intent.state);
  if (all.length > 0 && all.every((status) => status === "COMPLETE")) return ["good", "Filled."];
  if (all.includes("REJECTED")) return ["bad", all.length === 1 ? "Rejected by the broker." : "Rejected by the broker in part."];
  if (all.length > 0 && all.every((status) => status === "CANCELLED")) return ["", "Cancelled."];
  return STATES.SENT;
}

function brokenRules(broken) {
  if (broken.length === 0) return null;
  return make("ul", { className: "rules" }, broken.map((rule) =>
    make("li", {}, make("strong", { text: `${words(rule.field)} is ${rule.value}` }), `: ${rule.remedy}`)));
}

function figuresOf(ticket) {
  const view = ticket.view;
  if (view?.kind === "proposal") {
    const first = fact("Expected profit after charges", signed(view.expected_net_profit), tone(view.expected_net_profit));
    first.classList.add("first");
    return make("dl", { className: "facts" }, first,
      fact("At risk to the stop", rupees(view.risk_amount)),
      fact("Charges, both legs", rupees(view.expected_charges)),
      fact("Order value", rupees(view.value)),
      fact("Stop", rupees(view.stop_loss_price)),
      fact("Target", rupees(view.target_price)),
      fact("Probability to win", typeof view.confidence === "number" ? `${(view.confidence * 100).toFixed(1)} %` : "–"));
  }
  const figures = ticket.figures;
  if (!figures) return null;
  const first = fact("Value of the orders", known(figures.value));
  first.classList.add("first");
  return make("dl", { className: "facts" }, first,
    fact("Charges, about", known(figures.charges ?? figures.expected_charges)),
    fact("Margin needed", known(figures.margin_needed)),
    fact("Market now", known(figures.estimated_price)));
}

const known = (amount) => (typeof amount === "number" ? rupees(amount) : "not known");

function linesOf(lines) {
  if (lines.length < 2) return null;
  return make("ol", { className: "lines", "aria-label": "The orders as they would be sent" }, lines.map((line) => make("li", { text: line })));
}

function intentsOf(intents) {
  if (intents.length === 0) return null;
  return make("ul", { className: "rows", "aria-label": "What the broker made of it" }, intents.map((intent) => {
    const status = intent.broker_status ?? intent.state;
    const tint = status === "COMPLETE" ? "good" : status === "REJECTED" ? "bad" : "";
    const average = typeof intent.average_price === "number" ? ` at ${rupees(intent.average_price)}` : "";
    return make("li", {},
      make("span", { className: "what" }, `${intent.transaction_type} ${intent.quantity} ${intent.tradingsymbol}`,
        make("small", { text: intent.message || (moved(intent) ? "" : "The broker’s word is awaited.") })),
      make("span", { className: `much ${tint}` }, sentence(status),
        make("small", { text: `${intent.filled_quantity} of ${intent.quantity} filled${average}` })));
  }));
}

function whyOf(ticket) {
  const view = ticket.view;
  if (view?.kind !== "proposal") return null;
  const features = Object.entries(view.features ?? {}).sort(([one], [other]) => one.localeCompare(other));
  return make("section", {}, make("h3", { text: "Why" }), make("p", { text: view.reason }),
    features.length === 0 ? null : make("details", { key: `features ${ticket.id}` },
      make("summary", { text: `What the model saw at ${clockTime(view.as_of)} IST` }),
      make("table", { className: "values" }, make("tbody", {}, features.map(([name, value]) =>
        make("tr", {}, make("th", { scope: "row", text: words(name) }), make("td", { text: Number(value.toPrecision(4)).toString() })))))));
}

function riskOf(ticket, risk) {
  const after = ticket.figures?.exposure_after;
  if (!waits(ticket) || (!risk && typeof after !== "number")) return null;
  return make("section", {},
    make("h3", {}, "Risk of the account", risk && risk.state !== "ACTIVE" ? [" ", riskMark(risk)] : null),
    risk?.blocked_because ? make("p", { className: "quiet-text", text: risk.blocked_because }) : null,
    make("div", { className: "gauges" },
      typeof after === "number" ? gauge("Invested after it", after, ticket.figures.exposure_limit)
        : gauge("Invested now", risk.open_exposure + risk.reserved_exposure, risk.exposure_limit),
      risk ? gauge("Day’s loss", risk.daily_loss, risk.daily_loss_limit) : null,
      risk ? gauge("Drawdown", risk.drawdown, risk.drawdown_limit) : null));
}

function actionsOf(ticket, acts) {
  if (!waits(ticket)) {
    return ticket.state === "UNKNOWN" ? make("div", { className: "actions" }, pageLink("Open its page", pageOf(ticket), { kind: "quiet", key: `open ${ticket.id}` })) : null;
  }
  const over = secondsLeft(ticket) === 0;
  if (!acts.ready()) return make("p", { className: "fine", text: "Asking the desk …" });
  return [
    ticket.trouble ? make("p", { className: "notice bad", text: ticket.trouble }) : null,
    make("div", { className: "actions" },
      over ? null : pageLink("Approve on the desk’s page", pageOf(ticket), { key: `open ${ticket.id}`, onopen: () => acts.opened(ticket) }),
      over || !host.callsTools ? null : button("Decline", () => acts.decline(ticket), { kind: "quiet", key: `decline ${ticket.id}`, disabled: acts.busy(ticket) })),
    make("p", { className: "fine", text: over
      ? "The time is over. Nothing is placed."
      : `Your yes is given on the desk’s own page, signed in; this panel can only decline. Without an answer until ${clockTime(ticket.until, true)} IST nothing is placed.` }),
  ];
}
