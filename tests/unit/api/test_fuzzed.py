"""Every route of the OpenAPI document under requests that nobody has written: none fails, none answers what
the document does not know."""

import gzip

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.python import asgi

from functions.api.app import build_app
from patang.identity.credentials import fingerprint
from patang.identity.sign_in import SESSION_LASTS
from patang.identity.stored import BrowserSession
from patang.market.instrument_dumps import dump_path
from patang.records import create
from tests.fakes import RecordedPollQueue
from tests.unit.api.sample_desk import DAY, NOW, busy, two_owners

# What is listed today: without it several tools say, with 503, that the morning is not over.
DUMP = """instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,\
instrument_type,segment,exchange,isin
408065,1594,INFY,INFOSYS,1500,,0,0.05,1,EQ,NSE,NSE,INE009A01021
738561,2885,RELIANCE,RELIANCE INDUSTRIES,1000,,0,0.05,1,EQ,NSE,NSE,INE002A01018
"""

DESK = busy(two_owners())
DESK.poll_queue = RecordedPollQueue()
DESK.objects.put(dump_path(DAY), gzip.compress(DUMP.encode()))
# The signed-in owner may all that a token may, and more.
SECRET = "a-browser-of-asha"
DESK.auth_store.write(
    create(
        BrowserSession(
            session_hash=fingerprint(SECRET),
            principal="asha",
            account="main",
            kite_user_id="AB1234",
            began_at=NOW,
            until=NOW + SESSION_LASTS,
        )
    )
)
HEADERS = {"Cookie": f"patang-session={SECRET}", "X-CSRF-Token": DESK.sign_in().principal(SECRET).csrf}
STORES = [(store, dict(store.items), dict(store.places)) for store in (DESK.store, DESK.auth_store)]

# A request may be well formed and still name a cursor of another list, or come too late; what it must never
# be told then is that it was malformed (422).
SENSELESS = ["2xx", "3xx", "400", "401", "403", "404", "409", "410", "429", "503"]
CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 1,
        "generation": {"database": "none"},
        "phases": {"coverage": {"unexpected-methods": ["TRACE"]}},
        "checks": {
            "positive_data_acceptance": {"expected-statuses": SENSELESS},
            # test_every_route asks each route without a credential, and with every kind of bad one.
            "ignored_auth": {"enabled": False},
        },
    }
)
APP = build_app(DESK)
# Making the document takes seconds of a busy machine's time: its ten are not this test's to hold.
schema = schemathesis.openapi.from_asgi("/api/openapi.json", APP, headers=HEADERS, config=CONFIG, timeout=60)


@pytest.fixture(scope="module")
def client():
    """One for all requests: to make one takes as long as to answer one."""
    with pytest.MonkeyPatch.context() as patch, asgi.get_client(APP) as client:
        # Who waits for the lane, which is not here, waits in the desk's time and not in ours.
        patch.setattr("time.sleep", DESK.clock.advance)
        yield client


def as_it_was() -> None:
    """Each request meets the same desk, and a browser that none before it has signed out."""
    DESK.clock.moment = NOW
    for store, items, places in STORES:
        store.items, store.places = dict(items), dict(places)


@schema.parametrize()
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_request_breaks_a_route(case, client):
    as_it_was()
    case.call_and_validate(session=client, headers=HEADERS)
