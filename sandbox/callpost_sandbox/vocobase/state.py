"""Everything the Vocobase sandbox knows, and what time does to it."""

import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx2

from callpost_sandbox.clock import SandboxClock, real_now
from callpost_sandbox.faults import FaultPlan
from callpost_sandbox.journal import Journal
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.vocobase.events import call_ended, session_ended
from callpost_sandbox.vocobase.extraction import extracted
from callpost_sandbox.vocobase.lives import BrowserSession, Call, price
from callpost_sandbox.webhooks import Attempt, Outbox, iso, sign_vocobase

__all__ = ["Link", "Record", "State"]

Record = dict[str, Any]


class Link(NamedTuple):
    """When a document was linked: on the clock of life cycles, and on the calendar."""

    at: float
    wall: float


class State:
    """The account behind the key.

    Attributes are open on purpose: a test empties the `balance`, sets the `account_status`, changes
    `allowed_providers` or looks at `calls`.
    """

    def __init__(
        self,
        settings: SandboxSettings,
        clock: SandboxClock,
        now: Callable[[], float] = real_now,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.real_now = now
        self.journal = Journal()
        self.faults = FaultPlan()
        self.outbox = Outbox(sign_vocobase, clock, speed=settings.speed, transport=transport)

        self.balance = 500.0
        self.account_status = "active"
        self.agent_limit = 20
        self.allowed_providers = ["mcube", "twilio"]

        self.agents: dict[str, Record] = {}
        self.voices: list[Record] = []
        self.calls: dict[str, Call] = {}
        self.browser_sessions: dict[str, BrowserSession] = {}
        self.campaigns: dict[str, Record] = {}
        self.campaign_contacts: dict[str, set[str]] = {}
        self.contacts: set[str] = set()
        self.webhooks: dict[str, Record] = {}
        self.connections: dict[str, Record] = {}
        self.phone_numbers: dict[str, Record] = {}
        self.dictionaries: dict[str, Record] = {}
        self.agent_dictionaries: dict[str, list[str]] = {}
        self.documents: dict[str, Record] = {}
        self.agent_documents: dict[str, dict[str, Link]] = {}
        self.folders: dict[str, Record] = {}
        self.folder_documents: dict[str, list[str]] = {}
        self.audio: dict[str, Record] = {}
        self.stored: dict[str, Record] = {}
        self.functions: dict[str, Record] = {}
        self.projects: dict[str, Record] = {}
        self.voicelink_clients: dict[int, Record] = {}
        self.voicelink_dids: dict[int, Record] = {}
        self.voicelink_bots: dict[int, Record] = {}
        self.voicelink_routing: dict[int, Record] = {}

        self._unfinished: dict[str, Call] = {}
        self._open_sessions: dict[str, BrowserSession] = {}

    def new_id(self) -> str:
        """Return a fresh identifier."""
        return str(uuid.uuid4())

    def stamp(self) -> str:
        """Return the time as the API writes it."""
        return iso(self.clock.wall())

    def keep_call(self, call: Call) -> None:
        """Commit a call: from here on a telephone rings."""
        self.calls[call.call_id] = call
        self._unfinished[call.call_id] = call
        self.journal.did("call", call.call_id)

    def keep_session(self, session: BrowserSession) -> None:
        """Commit a browser session."""
        self.browser_sessions[session.session_id] = session
        self._open_sessions[session.session_id] = session
        self.journal.did("session", session.session_id)

    def active_calls(self) -> int:
        """Count the calls that occupy a slot now."""
        now = self.clock.now()
        return sum(call.is_active(now) for call in self._unfinished.values())

    def open_sessions(self) -> int:
        """Count the browser sessions that run now."""
        return len(self._open_sessions)

    def settle(self) -> None:
        """Let everything happen that time has brought: charges, results, notifications."""
        now = self.clock.now()
        for call in list(self._unfinished.values()):
            if call.charged is None and now >= call.ended_at:
                call.charged = price(call.duration_s)
                self.balance = round(self.balance - call.charged, 2)
                self.journal.did("call_ended", call.call_id)
            if now >= call.processed_at:
                call.extraction = extracted(call)
                call.finished = True
                del self._unfinished[call.call_id]
                self.notify(call_ended(call, now, self.clock.wall()))
        for session in list(self._open_sessions.values()):
            if now >= session.ended_at:
                charge = price(session.duration_s)
                self.balance = round(self.balance - charge, 2)
                del self._open_sessions[session.session_id]
                self.notify(session_ended(session, charge, self.clock.wall()))

    def notify(self, body: bytes) -> None:
        """Queue an event for every enabled endpoint."""
        for hook in self.webhooks.values():
            if not hook["enabled"]:
                continue

            def keep(attempt: Attempt, hook: Record = hook) -> None:
                hook["last_delivery_at"] = iso(attempt.at)
                hook["last_delivery_status"] = "success" if attempt.delivered else "failed"
                if attempt.delivered:
                    self.journal.did("webhook", hook["id"])

            self.outbox.post(hook["url"], hook["secret"], body, keep)
