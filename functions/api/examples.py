"""Examples of what a JSON schema describes, told with the names and numbers of the trading field."""

from collections.abc import Mapping
from typing import Any

__all__ = ["sample"]

type Schema = Mapping[str, Any]

_DEEPEST = 8
_HEX_DIGEST = "0f" * 32

# By the name of the field; used where the schema allows a value of its type.
_TEXTS = {
    "account": "main",
    "account_id": "main",
    "actor": "person:asha",
    "broker_order_id": "260818000123456",
    "by": "patang",
    "cursor": "WyIxMDQ2I3MxIl0",
    "default": "2",
    "exchange": "NSE",
    "execution_id": "o20260818-1046-a1",
    "hash": _HEX_DIGEST,
    "identifier": "NFO:NIFTY26AUG24500CE",
    "intent_id": "N260818A0B1C2D3E4F5G",
    "kind": "ENTRY",
    "label": "Main account",
    "message": "",
    "mode": "paper",
    "model_version": "2026-08-01",
    "name": "equity",
    "next": "WyIxMDQ2I3MxIl0",
    "order_id": "o20260818-1046-a1",
    "order_type": "LIMIT",
    "path": "risk.max_concurrent_positions",
    "position_id": "P260818A0B1C2D3E4F5G",
    "product": "MIS",
    "reason": "trend up on 1, 5 and 15 minutes",
    "run_id": "2026-08-18-1046",
    "signal_id": "S202608181046-RELIANCE-equity",
    "source": "postback",
    "state": "OPEN",
    "strategy": "equity",
    "symbol": "RELIANCE",
    "terms_digest": _HEX_DIGEST,
    "tool": "get_status",
    "tradingsymbol": "RELIANCE",
    "transaction_type": "BUY",
    "underlying": "RELIANCE",
    "unit": "positions",
    "what": "FILLED",
}
_NUMBERS = {
    "average_price": 1002.2,
    "entry_price": 1002.2,
    "last_price": 1021.35,
    "limit": 100,
    "price": 1002.5,
    "quantity": 20,
    "filled_quantity": 20,
    "stop_loss_price": 988.1,
    "target_price": 1031.4,
    "realised": -734.85,
    "unrealised": 389.4,
    "total": -345.45,
    "charges": 186.42,
    "version": 3,
}
_FORMATS = {
    "date-time": "2026-08-18T10:47:30+05:30",
    "date": "2026-08-18",
    "time": "10:47:30",
    "uri": "https://desk.example/",
}


def sample(schema: Schema, schemas: Schema, name: str = "", depth: int = 0) -> Any:
    """A value that the schema allows; `schemas` are those that it may refer to, `name` is the field's."""
    written = _written(schema)
    if written is not None:
        return written
    if "$ref" in schema:
        return sample(schemas[schema["$ref"].rpartition("/")[2]], schemas, name, depth)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return sample(_first(schema[choice]), schemas, name, depth)
    match schema.get("type"):
        case "object":
            return _object(schema, schemas, depth)
        case "array":
            return _array(schema, schemas, name, depth)
        case "string":
            return _text(schema, name)
        case "integer" | "number" as kind:
            return _number(schema, name, whole=kind == "integer")
        case "boolean":
            return False
    return None


def _written(schema: Schema) -> Any:
    """What the schema says itself."""
    if schema.get("examples"):
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    return schema["enum"][0] if schema.get("enum") else None


def _first(choices: list[Schema]) -> Schema:
    return next((choice for choice in choices if choice.get("type") != "null"), choices[0])


def _object(schema: Schema, schemas: Schema, depth: int) -> dict[str, Any]:
    required = schema.get("required", ())
    # A tree that contains itself ends somewhere.
    fields = {
        field: inner
        for field, inner in schema.get("properties", {}).items()
        if field in required or depth < _DEEPEST
    }
    found = {field: sample(inner, schemas, field, depth + 1) for field, inner in fields.items()}
    others = schema.get("additionalProperties")
    if isinstance(others, Mapping) and not found:
        found[_key_of(schema)] = sample(others, schemas, "", depth + 1)
    return found


def _key_of(schema: Schema) -> str:
    names = schema.get("propertyNames", {})
    return str(names.get("enum", names.get("examples", ("rsi_14",)))[0])


def _array(schema: Schema, schemas: Schema, name: str, depth: int) -> list[Any]:
    if "prefixItems" in schema:
        return [sample(inner, schemas, name, depth + 1) for inner in schema["prefixItems"]]
    if depth >= _DEEPEST and not schema.get("minItems"):
        return []
    return [sample(schema.get("items", {}), schemas, name, depth + 1)] * max(schema.get("minItems", 1), 1)


def _text(schema: Schema, name: str) -> str:
    pattern, form = schema.get("pattern", ""), schema.get("format", "")
    if form in _FORMATS:
        return _FORMATS[form]
    if pattern == "^[0-9a-f]{64}$":
        return _HEX_DIGEST
    if r"\d" in pattern and name not in _TEXTS:
        # Amounts of money are texts with a pattern.
        return "1002.50"
    text = _TEXTS.get(name, name.replace("_", " ") or "text")
    text = text.ljust(schema.get("minLength", 0), "x")
    return text[: schema.get("maxLength", len(text))]


def _number(schema: Schema, name: str, *, whole: bool) -> float:
    value: float = _NUMBERS.get(name, schema.get("default", 1))
    low = schema.get("minimum", schema.get("exclusiveMinimum", -1 if whole else -0.5) + (1 if whole else 0.5))
    value = max(value, low) if "minimum" in schema or "exclusiveMinimum" in schema else value
    value = min(value, schema.get("maximum", value))
    return int(value) if whole else float(value)
