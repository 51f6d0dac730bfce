"""The desk table in one place: every partition and sort key there is.

| item | partition | sort | index partition / sort |
|---|---|---|---|
| settings | SETTINGS | current | |
| version of the settings | SETTINGS | version#<number, 8 digits> | |
| account | ACCOUNTS | <account> | |
| person who is allowed here | ALLOWED_USERS | <user id at the broker> | |
| broker session | ACCOUNT#<account> | SESSION | |
| risk state | ACCOUNT#<account> | RISK | |
| account's day | ACCOUNT#<account> | DAY#<date> | |
| its result through an hour | ACCOUNT#<account> | CURVE#<date>#<HH> | |
| charges of a day compared | ACCOUNT#<account> | CHARGES#<date> | |
| broker's funds | ACCOUNT#<account> | FUNDS | |
| shares, margins, alerts last seen there | ACCOUNT#<account> | HOLDINGS, MARGINS, ALERTS | |
| broker's last calls | ACCOUNT#<account> | CALLS | |
| failures of a minute | ACCOUNT#<account> or ACCOUNT#DESK | FAILURES#<date>#<HHMM> | |
| rate tokens of a kind of calls | ACCOUNT#<account> | RATE#<kind> | |
| modifications of an order | ACCOUNT#<account> | MODIFICATIONS#<order_id> | |
| pay-ins and pay-outs of a day | ACCOUNT#<account> | CASH#<date>#<mode> | |
| latest reconciliation | ACCOUNT#<account> | RECONCILIATION | |
| a reconciliation that found something else | ACCOUNT#<account> | RECONCILED#<date>#<HHMMSS> | |
| who polls the order book | ACCOUNT#<account> | POLLING | |
| proposal | ACCOUNT#<account> | PROPOSAL#<order_id> | *_APPROVALS / <account>#<order_id> |
| order intent | ACCOUNT#<account> | INTENT#<intent_id> | *_INTENTS / <account>#<intent_id> |
| fill | ACCOUNT#<account> | FILL#<intent_id>#<units filled> | |
| order without a tag, whose it is | ACCOUNT#<account> | ORDER_LINK#<broker's order id> | |
| a person's or an assistant's request | ACCOUNT#<account> | REQUEST#<id> | OPEN_BASKETS / <account>#<id> |
| requests taken of an account | ACCOUNT#<account> | REQUESTS | |
| order asked for | ACCOUNT#<account> | ASKED#<approval_id> | LIVE_REQUESTS / <account>#<approval_id> |
| orders asked for on a day | ACCOUNT#<account> | ASKED_ON#<date> | |
| position | ACCOUNT#<account> | POSITION#<position_id> | OPEN_POSITIONS / <account>#<position_id> |
| note on a trade | ACCOUNT#<account> | NOTE#<position_id>#<note_id> | |
| mark | MARKS | <position_id> | |
| outbox event | OUTBOX#<account>#<date> | <event_id> | |
| whose turn it is to put ticks | INGESTER | LEASE | |
| universe of a day | UNIVERSE | <date> | |
| feature state pointer | FEATURE_STATE | <shard> | |
| closed minute | CLOSES#<date>#<HHMM> | <shard> | |
| cycle | CYCLES#<date> | <HHMM> | |
| signal | SIGNALS#<date> | <HHMM>#<signal_id> | |
| preflight | PREFLIGHT | <date> | |
| probe of the lane's address | EGRESS | PROBE | |
| graduation to live | ACCOUNT#<account> | GRADUATION | |
| what of it a person has waived | ACCOUNT#<account> | WAIVED#<what> | |
| parity of a day with the backtest | PARITY | <date> | |
| card of a model that was deployed | MODEL_CARDS | <version> | |
| slippage of ended orders | SLIPPAGE#<mode> | <class>#<size>#<account> | |
| messages of a kind that wait | NOTIFICATIONS | HELD#<kind> | |
| whether messages reach somebody | NOTIFICATIONS | SUBSCRIPTIONS | |
| market clock | MARKET | CLOCK | |
| watchlists of a principal | PRINCIPAL#<principal> | WATCHLISTS | |
| backtest that was asked for | BACKTESTS | <run> | |
| backtests started on a day | BACKTESTS_STARTED | <date> | |
| direction | DIRECTIONS | <underlying> | |
| paper order | PAPER#<account> | ORDER#<order_id> | PAPER_BOOK / <account>#<order_id> |
| paper trigger | PAPER#<account> | GTT#<gtt_id> | PAPER_BOOK / <account>#GTT#<gtt_id> |
| paper funds | PAPER#<account> | FUNDS | PAPER_BOOK / <account>#FUNDS |

The index is sparse: proposals while PENDING or decided and not yet acted on, orders that were asked for
while they wait for a yes or for being sent, requests for a basket whose rest goes with one of its orders
until all have ended, intents until final and their workflow has heard of it, positions until CLOSED, paper
orders and triggers while they rest, paper funds while a position of theirs is to end the same day.

The audit table is in patang.audit.keys; functions for the keys of paper are in patang.adapters.paper.keys.
Auth table: NONCE#<sha256> / NONCE (approval links); TOKEN#<sha256> / TOKEN and TOKENS#<principal> /
<token_id> (bearer tokens); STATE#<sha256> / STATE (login transactions); REQUEST#<sha256> / REQUEST (request
tokens that were used); SESSION#<sha256> / SESSION (signed-in browsers); TAKEN#<sha256> / TAKEN (what may be
shown once). Those of the authorization server are in patang.oauth.stored and patang.oauth.client:
OAUTH_CLIENT#, OAUTH_TRANSACTION#, OAUTH_CODE#, OAUTH_ACCESS#, OAUTH_REFRESH#, OAUTH_SPENT#<sha256>,
OAUTH_GRANTS#<principal> / <grant_id>, OAUTH_CONSENTS#<principal> / <sha256 of the client id>,
OAUTH_QUOTA#<what> / <hour>.
"""

from datetime import date, datetime

from patang.ports import Key

__all__ = [
    "BACKTESTS",
    "DECIDED_APPROVALS",
    "LIVE_INTENTS",
    "LIVE_REQUESTS",
    "MODEL_CARDS",
    "OPEN_BASKETS",
    "OPEN_POSITIONS",
    "PENDING_APPROVALS",
    "UNANSWERED_INTENTS",
    "account_key",
    "account_partition",
    "alerts_key",
    "allowed_user_key",
    "backtest_key",
    "backtests_started_key",
    "broker_calls_key",
    "cash_key",
    "charges_key",
    "close_partition",
    "curve_key",
    "cycle_key",
    "day_key",
    "direction_key",
    "egress_key",
    "failures_key",
    "fill_key",
    "funds_key",
    "graduation_key",
    "holdings_key",
    "ingester_lease_key",
    "intent_key",
    "margins_key",
    "mark_key",
    "market_clock_key",
    "model_card_key",
    "modifications_key",
    "note_key",
    "order_link_key",
    "outbox_partition",
    "parity_key",
    "position_key",
    "preflight_key",
    "proposal_key",
    "rate_tokens_key",
    "request_count_key",
    "request_key",
    "risk_key",
    "session_key",
    "settings_key",
    "settings_version_key",
    "signal_partition",
    "slippage_partition",
    "state_pointer_key",
    "universe_key",
    "waiver_key",
    "watchlists_key",
]

PENDING_APPROVALS = "PENDING_APPROVALS"
DECIDED_APPROVALS = "DECIDED_APPROVALS"
LIVE_INTENTS = "LIVE_INTENTS"
LIVE_REQUESTS = "LIVE_REQUESTS"
UNANSWERED_INTENTS = "UNANSWERED_INTENTS"
OPEN_BASKETS = "OPEN_BASKETS"
OPEN_POSITIONS = "OPEN_POSITIONS"
BACKTESTS = "BACKTESTS"
MODEL_CARDS = "MODEL_CARDS"


def account_partition(account: str) -> str:
    return f"ACCOUNT#{account}"


def settings_key() -> Key:
    return Key("SETTINGS", "current")


def settings_version_key(version: int) -> Key:
    return Key("SETTINGS", f"version#{version:08d}")


def account_key(account: str) -> Key:
    return Key("ACCOUNTS", account)


def allowed_user_key(kite_user_id: str) -> Key:
    return Key("ALLOWED_USERS", kite_user_id)


def session_key(account: str) -> Key:
    return Key(account_partition(account), "SESSION")


def risk_key(account: str) -> Key:
    return Key(account_partition(account), "RISK")


def day_key(account: str, day: date) -> Key:
    return Key(account_partition(account), f"DAY#{day.isoformat()}")


def curve_key(account: str, day: date, hour: str) -> Key:
    return Key(account_partition(account), f"CURVE#{day.isoformat()}#{hour}")


def charges_key(account: str, day: date) -> Key:
    return Key(account_partition(account), f"CHARGES#{day.isoformat()}")


def funds_key(account: str) -> Key:
    return Key(account_partition(account), "FUNDS")


def holdings_key(account: str) -> Key:
    return Key(account_partition(account), "HOLDINGS")


def margins_key(account: str) -> Key:
    return Key(account_partition(account), "MARGINS")


def alerts_key(account: str) -> Key:
    return Key(account_partition(account), "ALERTS")


def broker_calls_key(account: str) -> Key:
    return Key(account_partition(account), "CALLS")


def rate_tokens_key(account: str, kind: str) -> Key:
    return Key(account_partition(account), f"RATE#{kind}")


def modifications_key(account: str, order_id: str) -> Key:
    return Key(account_partition(account), f"MODIFICATIONS#{order_id}")


def failures_key(account: str, minute: datetime) -> Key:
    return Key(account_partition(account), f"FAILURES#{minute:%Y-%m-%d#%H%M}")


def cash_key(account: str, day: date, mode: str) -> Key:
    return Key(account_partition(account), f"CASH#{day.isoformat()}#{mode}")


def reconciliation_key(account: str) -> Key:
    return Key(account_partition(account), "RECONCILIATION")


def reconciliation_day_key(account: str, moment: datetime) -> Key:
    return Key(account_partition(account), f"RECONCILED#{moment:%Y-%m-%d#%H%M%S}")


def polling_key(account: str) -> Key:
    return Key(account_partition(account), "POLLING")


def proposal_key(account: str, order_id: str) -> Key:
    return Key(account_partition(account), f"PROPOSAL#{order_id}")


def intent_key(account: str, intent_id: str) -> Key:
    return Key(account_partition(account), f"INTENT#{intent_id}")


def order_link_key(account: str, broker_order_id: str) -> Key:
    return Key(account_partition(account), f"ORDER_LINK#{broker_order_id}")


def request_key(account: str, request_id: str) -> Key:
    return Key(account_partition(account), f"REQUEST#{request_id}")


def request_count_key(account: str) -> Key:
    return Key(account_partition(account), "REQUESTS")


def fill_key(account: str, intent_id: str, filled_quantity: int) -> Key:
    return Key(account_partition(account), f"FILL#{intent_id}#{filled_quantity:09d}")


def position_key(account: str, position_id: str) -> Key:
    return Key(account_partition(account), f"POSITION#{position_id}")


def note_key(account: str, position_id: str, note_id: str) -> Key:
    return Key(account_partition(account), f"NOTE#{position_id}#{note_id}")


def mark_key(position_id: str) -> Key:
    return Key("MARKS", position_id)


def outbox_partition(account: str, day: date) -> str:
    return f"OUTBOX#{account}#{day.isoformat()}"


def ingester_lease_key() -> Key:
    return Key("INGESTER", "LEASE")


def universe_key(day: date) -> Key:
    return Key("UNIVERSE", day.isoformat())


def state_pointer_key(shard: str) -> Key:
    return Key("FEATURE_STATE", shard)


def close_partition(minute: datetime) -> str:
    return f"CLOSES#{minute:%Y-%m-%d}#{minute:%H%M}"


def cycle_key(minute: datetime) -> Key:
    return Key(f"CYCLES#{minute:%Y-%m-%d}", f"{minute:%H%M}")


def signal_partition(day: date) -> str:
    return f"SIGNALS#{day.isoformat()}"


def slippage_partition(mode: str) -> str:
    return f"SLIPPAGE#{mode}"


def preflight_key(day: date) -> Key:
    return Key("PREFLIGHT", day.isoformat())


def egress_key() -> Key:
    return Key("EGRESS", "PROBE")


def graduation_key(account: str) -> Key:
    return Key(account_partition(account), "GRADUATION")


def waiver_key(account: str, what: str) -> Key:
    return Key(account_partition(account), f"WAIVED#{what}")


def model_card_key(model_version: str) -> Key:
    return Key(MODEL_CARDS, model_version)


def parity_key(day: date) -> Key:
    return Key("PARITY", day.isoformat())


def market_clock_key() -> Key:
    return Key("MARKET", "CLOCK")


def backtest_key(run: str) -> Key:
    return Key(BACKTESTS, run)


def backtests_started_key(day: date) -> Key:
    return Key("BACKTESTS_STARTED", day.isoformat())


def direction_key(underlying: str) -> Key:
    return Key("DIRECTIONS", underlying)


def watchlists_key(principal: str) -> Key:
    return Key(f"PRINCIPAL#{principal}", "WATCHLISTS")
