"""Values that an extraction finds, made up from the names and types of the keys."""

from typing import Any

from callpost_sandbox.vocobase.lives import Call
from callpost_sandbox.webhooks import iso

__all__ = ["extracted", "found_values"]


def extracted(call: Call) -> dict[str, Any] | None:
    """Return the result for the webhook and the session; None without an extraction_config."""
    config = call.agent.get("extraction_config")
    if config is None:
        return None
    if call.answered_at is None or call.script.disposition == "user_hangup_no_speech":
        return {"status": "skipped", "values": None}
    return {"status": "success", "values": found_values(config, call)}


def found_values(config: dict[str, Any], call: Call) -> dict[str, Any]:
    """Return one value for each key; `unknown…` keys are not found, which is null."""
    keys: list[dict[str, Any]] = config.get("keys") or []
    return {key["name"]: _value(key, call) for key in keys}


def _value(key: dict[str, Any], call: Call) -> Any:
    if key["name"].startswith("unknown"):
        return None
    moment = iso(call.wall(call.ended_at))
    values: dict[str, Any] = {
        "string": f"{key['name']} as said in the call",
        "number": 4.5,
        "integer": 4,
        "boolean": call.script.answered_by == "human",
        "array": ["first", "second"],
        "date": moment[:10],
        "datetime": moment,
    }
    return values[key.get("type") or "string"]
