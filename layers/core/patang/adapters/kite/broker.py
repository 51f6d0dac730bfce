"""An account at Zerodha, through the official client."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from patang.adapters.kite.alerts import KiteAlerts
from patang.adapters.kite.calls import KiteCalls
from patang.adapters.kite.foreign_rows import ForeignRows
from patang.adapters.kite.replies import (
    parse_gtt,
    parse_holding,
    parse_id,
    parse_position,
    parse_slices,
    parse_trade,
)
from patang.adapters.kite.wording import (
    as_margin_row,
    checked_changes,
    checked_id,
    gtt_arguments,
    priced,
    sent_time,
)
from patang.errors import BadInput, OutcomeUnknown
from patang.execution.following.broker_order import parse_order
from patang.ports import (
    BrokerHolding,
    BrokerOrder,
    BrokerPosition,
    BrokerSession,
    BrokerTrade,
    ConversionRequest,
    Gtt,
    GttRequest,
    OrderRequest,
    SliceResult,
)

__all__ = ["KiteBroker"]


class KiteBroker(KiteAlerts):
    """Broker, ContractNotes and SessionProbe. Prices of orders go out as the text they came as. `foreign`
    leaves out what others have placed and nobody can read."""

    def __init__(self, calls: KiteCalls, foreign: ForeignRows) -> None:
        super().__init__(calls)
        self._foreign = foreign

    def place(self, request: OrderRequest) -> str:
        return parse_id(self._calls.send(lambda client: client.place_order(**asdict(request))), request.tag)

    def place_sliced(self, request: OrderRequest) -> tuple[SliceResult, ...]:
        reply = self._calls.send(lambda client: client.place_autoslice_order(**asdict(request)))
        try:
            return parse_slices(reply)
        except BadInput as error:
            raise OutcomeUnknown(f"{error}: look the orders up by their tag {request.tag}") from error

    def modify(
        self,
        variety: str,
        order_id: str,
        changes: Mapping[str, str],
        parent_order_id: str | None = None,
    ) -> None:
        changed, order_id = checked_changes(changes), checked_id(order_id)
        self._calls.send(
            lambda client: client.modify_order(variety, order_id, parent_order_id=parent_order_id, **changed)
        )

    def cancel(self, variety: str, order_id: str, parent_order_id: str | None = None) -> None:
        order_id = checked_id(order_id)
        self._calls.send(
            lambda client: client.cancel_order(variety, order_id, parent_order_id=parent_order_id)
        )

    def place_gtt(self, request: GttRequest) -> str:
        arguments = gtt_arguments(request)
        # The field is read inside: a reply without it leaves it open whether the trigger stands.
        placed = self._calls.send(lambda client: client.place_gtt(**arguments)["trigger_id"])
        return parse_id(placed, f"GTT on {request.tradingsymbol}")

    def modify_gtt(self, gtt_id: str, request: GttRequest) -> None:
        gtt_id, arguments = checked_id(gtt_id), gtt_arguments(request)
        self._calls.send(lambda client: client.modify_gtt(gtt_id, **arguments))

    def delete_gtt(self, gtt_id: str) -> None:
        gtt_id = checked_id(gtt_id)
        self._calls.send(lambda client: client.delete_gtt(gtt_id))

    def convert_position(self, request: ConversionRequest) -> None:
        self._calls.send(lambda client: client.convert_position(**asdict(request)))

    def orders(self) -> list[BrokerOrder]:
        rows = self._calls.read("other", lambda client: client.orders())
        return self._foreign.orders(map(sent_time, rows), parse_order)

    def trades(self) -> list[BrokerTrade]:
        rows = self._calls.read("other", lambda client: client.trades())
        return [parse_trade(sent_time(row)) for row in rows]

    def positions(self) -> list[BrokerPosition]:
        rows = self._calls.read("other", lambda client: client.positions())["net"]
        return [parse_position(row) for row in rows]

    def holdings(self) -> list[BrokerHolding]:
        return [parse_holding(row) for row in self._calls.read("other", lambda client: client.holdings())]

    def gtts(self) -> list[Gtt]:
        return self._foreign.triggers(self._calls.read("other", lambda client: client.get_gtts()), parse_gtt)

    def margins(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._calls.read("other", lambda client: client.margins())
        return found

    def order_margins(self, requests: Sequence[OrderRequest]) -> list[Mapping[str, Any]]:
        rows = [as_margin_row(request) for request in requests]
        # The client's own method cannot ask for the compact mode.
        found: list[Mapping[str, Any]] = self._calls.read(
            "other",
            lambda client: client._post(
                "order.margins", params=rows, is_json=True, query_params={"mode": "compact"}
            ),
        )
        return found

    def basket_margins(self, requests: Sequence[OrderRequest]) -> Mapping[str, Any]:
        rows = [as_margin_row(request) for request in requests]
        # The client's own method writes the flag as Python does, with a capital letter.
        found: Mapping[str, Any] = self._calls.read(
            "other",
            lambda client: client._post(
                "order.margins.basket",
                params=rows,
                is_json=True,
                query_params={"consider_positions": "true", "mode": "compact"},
            ),
        )
        return found

    def virtual_contract_note(self, orders: Sequence[BrokerOrder]) -> list[Mapping[str, Any]]:
        asked = [priced(order) for order in orders]
        found: list[Mapping[str, Any]] = self._calls.read(
            "other", lambda client: client.get_virtual_contract_note(asked)
        )
        return found

    def profile(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._calls.read("other", lambda client: client.profile())
        return found

    def session(self) -> BrokerSession:
        profile = self.profile()
        return BrokerSession(profile, self._calls.told_time)
