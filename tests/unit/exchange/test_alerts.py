import json
from typing import Any

import pytest

from patang_workbench.exchange.alerts import Alerts
from patang_workbench.exchange.errors import InputError, KiteError, MissingError
from tests.unit.exchange.floor_desk import Desk


@pytest.fixture
def alerts(desk: Desk) -> Alerts:
    desk.book(desk.infy, 148_000, 148_100)
    desk.infy.last = 148_050
    return Alerts(desk.broker, desk.now)


def form(**changes: Any) -> dict[str, str]:
    words = {
        "name": "INFY up",
        "type": "simple",
        "lhs_exchange": "NSE",
        "lhs_tradingsymbol": "INFY",
        "lhs_attribute": "LastTradedPrice",
        "operator": ">=",
        "rhs_type": "constant",
        "rhs_constant": "1500.5",
    }
    return {name: str(value) for name, value in (words | changes).items()}


def basket(**changes: Any) -> str:
    params = {
        "variety": "regular",
        "transaction_type": "BUY",
        "product": "CNC",
        "order_type": "LIMIT",
        "quantity": 3,
        "price": 1481.0,
        "validity": "DAY",
        "tags": [],
    }
    items = [{"exchange": "NSE", "tradingsymbol": "INFY", "weight": 10000, "params": params | changes}]
    return json.dumps({"items": items})


def rise(desk: Desk, alerts: Alerts, to: int = 150_050) -> None:
    desk.infy.last = to
    alerts.ticked([desk.infy])


def test_an_alert_goes_off_once_and_tells_of_it(desk: Desk, alerts: Alerts) -> None:
    alert = alerts.create(desk.account, "key", form())
    rise(desk, alerts, 150_000)
    assert (alert.status, alert.events) == ("enabled", [])
    rise(desk, alerts)
    rise(desk, alerts, 150_100)
    (event,) = alert.events
    assert event["condition"] == 'LastTradedPrice("NSE:INFY") >= 1500.5'
    assert (event["meta"][0]["last_price"], event["order_meta"]) == (1500.5, None)
    assert (alert.status, alert.describe()["alert_count"]) == ("disabled", 1)
    assert desk.account.orders == {}


def test_an_alert_that_triggers_orders_places_its_basket(desk: Desk, alerts: Alerts) -> None:
    alert = alerts.create(desk.account, "key", form(type="ato", basket=basket()))
    assert alert.describe()["basket"]["items"][0]["params"]["price"] == 1481.0
    rise(desk, alerts)
    (order,) = desk.account.orders.values()
    assert (order.terms.quantity, order.meta["alert"]) == (3, alert.uuid)
    (told,) = alert.events[0]["order_meta"]
    assert told["order_id"] == order.order_id


def test_one_instrument_is_compared_with_another(desk: Desk, alerts: Alerts) -> None:
    index = desk.floor.by_key["NSE:NIFTY 50"]
    other = {"rhs_exchange": "INDICES", "rhs_tradingsymbol": "NIFTY 50", "rhs_attribute": "LastTradedPrice"}
    alert = alerts.create(desk.account, "key", form(rhs_type="instrument", rhs_constant="", **other))
    rise(desk, alerts, index.last)
    assert "NIFTY 50" in alert.events[0]["condition"]


def test_what_was_changed_or_deleted_counts_as_it_is_now(desk: Desk, alerts: Alerts) -> None:
    changed, deleted = (alerts.create(desk.account, "key", form()) for _ in range(2))
    alerts.modify(desk.account, changed.uuid, form(rhs_constant="1600"))
    alerts.delete(desk.account, [deleted.uuid])
    rise(desk, alerts)
    assert (changed.status, deleted.status, changed.events, deleted.events) == ("enabled", "deleted", [], [])
    assert [alert.uuid for alert in alerts.of(desk.account)] == [changed.uuid]
    with pytest.raises(MissingError):
        alerts.find(desk.account, deleted.uuid)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"operator": "~"}, "operator"),
        ({"type": "loud"}, "type"),
        ({"rhs_type": "mood"}, "rhs_type"),
        ({"rhs_constant": ""}, "rhs_constant"),
        ({"rhs_constant": "1200"}, "already met"),
        ({"lhs_attribute": "Feeling"}, "lhs_attribute"),
        ({"lhs_tradingsymbol": "NOSUCH"}, "no instrument"),
        ({"lhs_exchange": "INDICES"}, "no instrument"),
        ({"type": "ato"}, "basket"),
        ({"type": "ato", "basket": "[]"}, "basket"),
        ({"type": "ato", "basket": basket(quantity=0)}, "quantity"),
        ({"type": "ato", "basket": basket(product="NRML")}, "NRML"),
    ],
)
def test_what_the_broker_does_not_take(
    desk: Desk, alerts: Alerts, changes: dict[str, str], message: str
) -> None:
    with pytest.raises(KiteError, match=message):
        alerts.create(desk.account, "key", form(**changes))
    assert alerts.of(desk.account) == []


def test_there_are_five_hundred_at_most(desk: Desk, alerts: Alerts) -> None:
    for _ in range(500):
        alerts.create(desk.account, "key", form())
    with pytest.raises(InputError, match="limit of 500"):
        alerts.create(desk.account, "key", form())
