"""Lines become messages. What a host sent damaged is mended, answered or dropped, in this order."""

import json
import logging
import re
from typing import Any, cast

import mcp_types as types
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from callpost.arguments import REPLACED

__all__ = ["message_of", "refusal_of"]

logger = logging.getLogger(__name__)

HALF = re.compile("[\ud800-\udfff]")
"""Replaced by what `arguments` refuses, so that no other text is sent than was meant."""


def message_of(line: bytes) -> SessionMessage | None:
    """The message in a line; None where there is none."""
    try:
        return SessionMessage(types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValidationError:
        pass
    data = _mended(line)
    try:
        return SessionMessage(types.jsonrpc_message_adapter.validate_python(data, by_name=False))
    except ValidationError:
        return None


def refusal_of(line: bytes) -> types.JSONRPCError | None:
    """For a line without a message: the error to answer, where it is clear to which request."""
    data = _mended(line)
    if isinstance(data, dict):
        given = cast("dict[str, Any]", data)
        identifier = given.get("id")
        if "method" in given and isinstance(identifier, str | int) and type(identifier) is not bool:
            error = types.ErrorData(code=types.INVALID_REQUEST, message="Invalid request")
            return types.JSONRPCError(jsonrpc="2.0", id=identifier, error=error)
    if line.strip():
        logger.warning("a line on stdin that is no message was dropped")
    return None


def _mended(line: bytes) -> Any:
    """The JSON of a line with bytes and half characters that are no text replaced.

    JavaScript writes half of a surrogate pair as an escape, which the SDK's parser refuses; the
    request would never be answered.
    """
    try:
        text = line.decode("utf-8", "replace")
        whole = json.dumps(json.loads(text), ensure_ascii=False)
        return json.loads(HALF.sub(REPLACED, whole))
    except (ValueError, RecursionError):
        return None
