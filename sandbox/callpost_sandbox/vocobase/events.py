"""What a session holds, as `GET /calls/{id}` and the `session.completed` webhook tell it."""

import json
import re
from typing import Any

from callpost_sandbox.vocobase.lives import BrowserSession, Call
from callpost_sandbox.webhooks import iso

__all__ = ["call_details", "call_ended", "call_summary", "recording_url", "session_ended"]

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_RECORDING_DAYS_S = 7 * 24 * 3600
_SCRIPT = (
    ("user", "Hello, who is calling?"),
    ("bot", "This is the assistant calling as agreed. Do you have a minute?"),
    ("user", "Yes, that time works for me. Thank you."),
    ("bot", "Wonderful, it is settled. Goodbye."),
)


def call_summary(call: Call, now: float) -> dict[str, Any]:
    """Return the row of `GET /calls` (schema CallSummary)."""
    over = now >= call.ended_at
    answered = call.answered_at is not None and now >= call.answered_at
    return {
        "call_id": call.call_id,
        "agent_id": call.agent_id,
        "session_id": call.session_id,
        "direction": "outbound",
        "from_number": call.from_number,
        "to_number": call.to_number,
        "status": call.status_at(now),
        "provider": call.provider,
        "duration_seconds": call.duration_s if over else None,
        "error_message": call.script.error_message if over else None,
        "started_at": iso(call.wall(call.answered_at)) if answered and call.answered_at else None,
        "ended_at": iso(call.wall(call.ended_at)) if over else None,
        "created_at": iso(call.created_wall),
    }


def call_details(call: Call, now: float, origin: str) -> dict[str, Any]:
    """Return the answer of `GET /calls/{id}` (schema CallDetails).

    The session is null until somebody picks up or the call is over.
    """
    details = call_summary(call, now)
    details["session"] = None
    if details["status"] in ("pending", "ringing"):
        return details
    over = now >= call.ended_at
    session: dict[str, Any] = {
        "session_id": call.session_id,
        "duration_seconds": details["duration_seconds"],
        "credits_used": call.charged,
        "transcript": _transcript(call, now),
        "recording_url": recording_url(call, now, origin) if call.finished else None,
        "status": "completed" if over else "active",
        "started_at": details["started_at"],
        "ended_at": details["ended_at"],
        "processing_complete": call.finished,
        "pipeline_completed_at": iso(call.wall(call.processed_at)) if call.finished else None,
    }
    if call.extraction is not None:
        session["extraction"] = call.extraction
    details["session"] = session
    return details


def recording_url(call: Call, now: float, origin: str) -> str | None:
    """Return an address that is good for seven days; None when nothing was recorded."""
    if call.answered_at is None or not call.agent["enable_recording"]:
        return None
    expires = int(now) + _RECORDING_DAYS_S
    return f"{origin}/storage/recordings/{call.session_id}.wav?expires={expires}"


def call_ended(call: Call, now: float, wall: float) -> bytes:
    """Return the webhook of a call that was started with `POST /calls/start`."""
    data: dict[str, Any] = {
        "session_id": call.session_id,
        "agent_id": call.agent_id,
        "agent_name": call.agent["agent_name"],
        "duration_seconds": call.duration_s,
        "credits_used": call.charged,
        "processing_complete": True,
        "pipeline_completed_at": iso(call.wall(call.processed_at)),
        "transcript": _transcript(call, now),
        "recording_url": recording_url(call, now, call.origin),
        "variables": call.variables,
    }
    if call.extraction is not None:
        data["extraction"] = call.extraction
    data["call"] = {
        "call_id": call.call_id,
        "from_number": call.from_number,
        "to_number": call.to_number,
        "direction": "outbound",
        "status": call.script.status,
        "disposition": call.script.disposition,
        "answered_by": call.script.answered_by,
    }
    return _event(data, wall)


def session_ended(session: BrowserSession, charge: float, wall: float) -> bytes:
    """Return the webhook of a browser session, which has no `call`."""
    data: dict[str, Any] = {
        "session_id": session.session_id,
        "agent_id": session.agent["id"],
        "agent_name": session.agent["agent_name"],
        "duration_seconds": session.duration_s,
        "credits_used": charge,
        "processing_complete": True,
        "pipeline_completed_at": iso(wall),
        "transcript": [],
        "recording_url": None,
        "variables": session.variables,
    }
    return _event(data, wall)


def _event(data: dict[str, Any], wall: float) -> bytes:
    event = {"event": "session.completed", "timestamp": iso(wall), "data": data}
    return json.dumps(event, separators=(",", ":")).encode()


def _transcript(call: Call, now: float) -> list[dict[str, Any]]:
    """Return what was said so far: the greeting with its variables, then a short talk."""
    if call.answered_at is None:
        return []
    greeting = call.agent["intro_message"] or "Hello!"
    spoken = _PLACEHOLDER.sub(lambda found: call.variables.get(found[1], ""), greeting)
    lines = [("bot", spoken)]
    if call.script.disposition == "completed":
        lines += _SCRIPT
    elif call.script.disposition == "voicemail":
        lines = [("user", "Please leave a message after the tone.")]
        lines.append(("bot", call.agent["voicemail_message"] or spoken))
    pause = call.duration_s / (len(lines) + 1)
    return [
        {"role": role, "content": content, "timestamp": iso(call.wall(said_at))}
        for said_at, (role, content) in zip(
            (call.answered_at + at * pause for at in range(len(lines))), lines, strict=True
        )
        if said_at <= now
    ]
