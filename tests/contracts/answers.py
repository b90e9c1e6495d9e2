"""The schema that answers are generated from: a contract's, with what a sensible answer is sure of.

One contract marks nothing inside its answers as required. An effect's answer without the id of the
effect is taken as spoiled on purpose (`callpost.models.Result`), so such fields are sure here.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from hypothesis import strategies as st

from contracts.contract import Operation, Schema, operations
from contracts.strategies import Strategy, values

_ID: Schema = {"type": "string", "format": "uuid"}
_TEXT: Schema = {"type": "string"}


_NAMED: Schema = {
    "type": "object",
    "properties": {"id": _ID, "name": _TEXT},
    "required": ["id", "name"],
}


def _list_of(item: Schema | None) -> Schema:
    return {"type": "array", "items": item or {}}


SURE: Mapping[str, tuple[str, ...]] = {
    "createAgent": ("data.id",),
    "createBackgroundAudioUpload": ("data.id", "data.upload_url"),
    "createCampaign": ("data.campaign_id",),
    "createDictionary": ("data.id",),
    "createDocumentFolder": ("data.id",),
    "createDocumentUpload": ("data.document_id", "data.upload_url"),
    "createHashtagSet": ("data",),
    "createProject": ("data.id",),
    "createTelephonyConnection": ("data.connection.id",),
    "createWebhookEndpoint": ("data.id",),
    "startCall": ("data.call_id",),
    "startWebrtcSession": ("data.session_id",),
}
"""Fields of an answer, by operation."""

CARRIERS = ["exotel", "mcube", "plivo", "sip", "tata_smartflo", "twilio", "vobiz", "voicelink"]

LIKELY: Mapping[str, Mapping[str, Schema]] = {
    "getConfig": {
        "data.allowed_telephony_providers": {"type": "array", "items": {"enum": CARRIERS}},
    },
    "listAccountPages": {"data": _list_of(_NAMED)},
    "listApprovalWorkflows": {
        "data": _list_of(operations("voxburst")["createApprovalWorkflow"].answer)
    },
    "listVoices": {"data": _list_of(_NAMED)},
}
"""Parts of answers that the contract leaves open, as they most likely are."""


def answer_schema(operation: Operation) -> Schema | None:
    """What answers of this operation are generated from; None where they are empty."""
    schema = operation.answer
    if schema is None:
        return None
    for path, part in LIKELY.get(operation.id, {}).items():
        schema = _sure(schema, path.split("."), part)
    for path in SURE.get(operation.id, ()):
        schema = _sure(schema, path.split("."))
    return schema


@cache
def answers(api: str, operation: str, *, tolerance: bool = False) -> Strategy:
    """Successful answers of an operation; None where they are empty."""
    schema = answer_schema(operations(api)[operation])
    return values(schema, tolerance=tolerance) if schema else st.none()


def _sure(schema: Schema, path: list[str], part: Schema | None = None) -> Schema:
    if not path:
        return part or schema
    name, *rest = path
    properties = cast("Mapping[str, Any]", schema.get("properties", {}))
    return {
        **schema,
        "properties": {**properties, name: _sure(properties.get(name, {}), rest, part)},
        "required": [*schema.get("required", []), name],
    }
