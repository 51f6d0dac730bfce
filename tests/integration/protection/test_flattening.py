"""Flatten-all at the exchange: the desk's own positions, and what is not its own only when it is asked to."""


def test_flattening_sells_the_ledger_and_foreign_holdings_only_on_a_yes_of_their_own(desk) -> None:
    ours = desk.buy("INFY", 20, "MIS")
    bought = {"transaction_type": "BUY", "order_type": "MARKET", "validity": "DAY", "market_protection": 5}
    for symbol, product, units in (("TCS", "CNC", 4), ("INFY", "MIS", 3)):
        words = {"exchange": "NSE", "tradingsymbol": symbol, "product": product, "quantity": units}
        desk.owner("place", **words, **bought)
    desk.flatten().run("main", "fire", "person:asha", desk.now())
    desk.settle()
    assert desk.position.state == "CLOSED"
    assert desk.position.exited_quantity == ours.quantity
    left = {(p.tradingsymbol, p.product): p.quantity for p in desk.broker("main").positions()}
    assert left == {("INFY", "MIS"): 3, ("TCS", "CNC"): 4}

    found = desk.foreign_holdings().of("main", desk.now())
    assert {(f.tradingsymbol, f.product, f.quantity) for f in found} == {
        ("INFY", "MIS", 3),
        ("TCS", "CNC", 4),
    }
    receipts = desk.foreign_holdings().sell("main", found, "flatten-1", "person:asha")
    assert [receipt.accepted for receipt in receipts] == [True, True]
    # Told twice, sold once.
    again = desk.foreign_holdings().sell("main", found, "flatten-1", "person:asha")
    assert [receipt.repeated for receipt in again] == [True, True]
    desk.settle()
    assert {p.quantity for p in desk.broker("main").positions()} == {0}
    assert desk.foreign_holdings().of("main", desk.now()) == ()
    assert desk.reconcile()["differences"] == []


def test_what_the_desk_holds_and_protects_is_no_foreign_holding(desk) -> None:
    desk.buy("TCS", 5, "CNC")
    desk.buy("INFY", 20, "MIS")
    assert desk.foreign_holdings().of("main", desk.now()) == ()
