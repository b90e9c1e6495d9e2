"""The small world that every sandbox starts with; its identifiers are the same every time."""

import uuid
from typing import Any

from callpost_sandbox.vocobase.agents import DEFAULTS
from callpost_sandbox.vocobase.state import State
from callpost_sandbox.vocobase.telephony import new_connection

__all__ = ["DEMO_AGENT_ID", "DEMO_AGENT_NAME", "seed", "seeded_id"]

_NAMESPACE = uuid.UUID("5a0db0c5-0000-4000-8000-000000000000")
DEMO_AGENT_NAME = "Appointment desk"
_VOICES = (
    ("Asha", "en", "female"),
    ("Ravi", "hi", "male"),
    ("Emma", "en", "female"),
)
_DIDS = ("+918047000001", "+918047000002", "+918047000003")


def seeded_id(name: str) -> str:
    """Return the identifier of a seeded thing, such as `agent:Appointment desk`."""
    return str(uuid.uuid5(_NAMESPACE, name))


DEMO_AGENT_ID = seeded_id(f"agent:{DEMO_AGENT_NAME}")


def seed(state: State) -> None:
    """Put agents, voices, carriers, numbers and a project into an empty state."""
    state.voices = [
        {"id": seeded_id(f"voice:{name}"), "name": name, "language": language, "gender": gender}
        for name, language, gender in _VOICES
    ]
    now = state.stamp()
    project = seeded_id("project:Default")
    state.projects[project] = {
        "id": project,
        "name": "Default",
        "description": None,
        "is_default": True,
        "created_at": now,
        "updated_at": now,
    }
    _agent(state, "Satisfaction survey", "Ravi", extraction_config=_SURVEY, variables=["name"])
    _agent(state, "Front desk", "Emma", agent_type="inbound")
    _agent(
        state,
        DEMO_AGENT_NAME,
        "Asha",
        intro_message="Hello {{callee_name}}, this is the appointment desk.",
        enable_recording=True,
        variables=["callee_name"],
    )
    for provider, caller_id in (
        ("mcube", "+918048000001"),
        ("twilio", "+12025550142"),
        ("voicelink", _DIDS[0]),
    ):
        own_id = seeded_id(f"connection:{provider}")
        new_connection(state, provider, "default", caller_id, is_default=True, own_id=own_id)
    _numbers(state)
    _voicelink(state)


_SURVEY: dict[str, Any] = {
    "prompt": "Read the caller's opinion.",
    "keys": [
        {"name": "score", "type": "integer", "description": "1 to 5"},
        {"name": "would_recommend", "type": "boolean", "description": "Yes or no"},
        {"name": "remark", "type": "string", "description": "Own words"},
    ],
    "includeToolLogs": False,
}


def _agent(state: State, name: str, voice: str, **fields: Any) -> None:
    own_id = seeded_id(f"agent:{name}")
    now = state.stamp()
    state.agents[own_id] = {
        "id": own_id,
        "agent_name": name,
        "prompt": f"You are the voice of {name}. Be brief and kind.",
        "voice_id": seeded_id(f"voice:{voice}"),
        **DEFAULTS,
        "language": next(row["language"] for row in state.voices if row["name"] == voice),
        "project_id": seeded_id("project:Default"),
        "created_at": now,
        "updated_at": now,
        **fields,
    }


def _numbers(state: State) -> None:
    for phone_number, provider in (("+12025550142", "TWILIO"), ("+918048000001", "MCUBE")):
        own_id = seeded_id(f"number:{phone_number}")
        state.phone_numbers[own_id] = {
            "id": own_id,
            "phone_number": phone_number,
            "provider": provider,
            "friendly_name": None,
            "status": "ACTIVE",
            "is_default": True,
            "agent": None,
        }


def _voicelink(state: State) -> None:
    state.voicelink_clients[101] = {
        "id": 101,
        "first_name": "Sandbox",
        "last_name": "Client",
        "username": "sandbox",
        "email": "client@example.com",
        "channel_count": 2,
        "is_active": 1,
    }
    for did_id, number in enumerate(_DIDS, start=501):
        is_first = number == _DIDS[0]
        state.voicelink_dids[did_id] = {
            "id": did_id,
            "did_id": did_id,
            "did_number": number,
            "phone_number": number,
            "client_id": 101 if is_first else None,
            "status": "assigned" if is_first else "available",
            "is_expired": False,
        }
