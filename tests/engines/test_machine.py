"""Random interleavings of processes on one ledger, over an upstream that counts what happens.

Every owner follows the rule of `once`: what `begin` says decides whether a step is sent, settled or
skipped. A process may die at any moment, or lose its lock and go on as if nothing were; clocks jump
both ways; people settle and forget. Whatever the order, no step of an intent has two effects.
"""

import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import anyio.from_thread
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from callpost.intent import wire_key
from callpost.ledger import Hold, Ledger, LostClaimError, Outcome, State, Verdict
from callpost.ledger.sqlite import SqliteLedger
from engines.world import DAY_S, World

T = TypeVar("T")
OWNERS = 3
STEPS = 2
KEYS = ("one", "two")
PRUNED_AFTER_S = 3 * DAY_S


@dataclass
class Work:
    """What one process thinks it is doing for one intent."""

    hold: Hold
    n: int = 1
    outcome: str | None = None
    """What the network will tell it about the request under way."""


@dataclass
class Owner:
    ledger: Ledger
    has_lock: bool = True
    work: dict[str, Work] = field(default_factory=dict[str, Work])


@dataclass
class Truth:
    """What really happened for one intent since it last began from the start."""

    effects: Counter[int] = field(default_factory=Counter[int])
    done_at: float | None = None
    may_begin_anew: bool = True


class Processes(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.portal = self.stack.enter_context(anyio.from_thread.start_blocking_portal())
        self.world = World(Path(folder) / "ledger.sqlite3")
        self.owners = [Owner(self.world.open()) for _ in range(OWNERS)]
        self.truths = {key: Truth() for key in KEYS}
        self.wire_keys: set[str] = set()
        self.effect_ids = 0
        self.latest = self.world.instant

    def run(self, act: Callable[..., Awaitable[T]], *args: Any) -> T:
        return self.portal.call(act, *args)

    def teardown(self) -> None:
        for owner in self.owners:
            self.run(owner.ledger.close)
        self.stack.close()

    @rule(
        number=st.integers(0, OWNERS - 1),
        key=st.sampled_from(KEYS),
    )
    def claim(self, number: int, key: str) -> None:
        owner, truth = self.owners[number], self.truths[key]
        if not owner.has_lock or key in owner.work:
            return

        async def claim() -> Any:
            return await self.world.claim(owner.ledger, key=key)

        claim_ = self.run(claim)
        others = [o for o in self.owners if o is not owner and o.has_lock and key in o.work]
        if claim_.verdict is Verdict.WAIT:
            assert others
            return
        assert not others
        if claim_.verdict is Verdict.REPLAY:
            assert truth.done_at is not None
            return
        if claim_.verdict is Verdict.ACT:
            self.begins_anew(truth)
        if claim_.record is None:
            # New, or pruned: by then the upstream has forgotten the keys, too.
            self.wire_keys = {name for name in self.wire_keys if not name.startswith(key)}
        assert claim_.hold is not None
        owner.work[key] = Work(claim_.hold)

    def begins_anew(self, truth: Truth) -> None:
        is_over = truth.done_at is not None and self.world.instant - truth.done_at >= DAY_S
        was_pruned = self.latest - self.world.instant >= PRUNED_AFTER_S or is_over
        has_acted = truth.effects.total() > 0
        assert truth.may_begin_anew or not has_acted or is_over or was_pruned
        truth.effects.clear()
        truth.done_at = None
        truth.may_begin_anew = False

    def working(self, *, hears: bool) -> list[tuple[Owner, str, Work]]:
        return [
            (owner, key, work)
            for owner in self.owners
            for key, work in owner.work.items()
            if (work.outcome is not None) is hears
        ]

    @precondition(lambda self: self.working(hears=False))
    @rule(
        which=st.integers(0, OWNERS * len(KEYS)),
        outcome=st.sampled_from(("done", "lost", "refused", "lost before", "never left")),
    )
    def go_on(self, which: int, outcome: str) -> None:
        """Send the next step, settle it, or finish, as `begin` says."""
        working = self.working(hears=False)
        owner, key, work = working[which % len(working)]
        try:
            self.next_step(owner, key, work, outcome)
        except LostClaimError:
            self.has_lost(owner, key)

    def next_step(self, owner: Owner, key: str, work: Work, outcome: str) -> None:
        ledger, truth = owner.ledger, self.truths[key]
        step = self.run(ledger.begin, work.hold, work.n).step
        if step is not None and step.state is State.SUCCEEDED:
            assert truth.effects[work.n] == 1
            if work.n < STEPS:
                work.n += 1
                return
            self.finish(owner, key, work, State.SUCCEEDED)
            return
        if step is not None and step.state is not State.REJECTED:
            self.settle(owner, key, work)
            return
        sent = self.run(self.world.send, ledger, work.hold, work.n)
        name = wire_key(key, attempt=work.hold.attempt, n=work.n, tries=sent.tries)
        assert name not in self.wire_keys, "a key upstream stands for one try"
        self.wire_keys.add(name)
        if outcome in {"done", "lost"}:
            truth.effects[work.n] += 1
        work.outcome = outcome

    def settle(self, owner: Owner, key: str, work: Work) -> None:
        """Look, and adopt or disprove; nothing is sent for an open step."""
        if self.truths[key].effects[work.n]:
            outcome = Outcome(State.SUCCEEDED, {}, self.effect_id())
            args = (work.hold, work.n, "POST /calls/start", outcome, self.world.instant)
            assert self.run(owner.ledger.adopt, *args)
        else:
            outcome = Outcome(State.REJECTED, looked=True)
            self.run(self.world.record, owner.ledger, work.hold, outcome, work.n)

    def effect_id(self) -> str:
        self.effect_ids += 1
        return f"e{self.effect_ids}"

    @precondition(lambda self: self.working(hears=True))
    @rule(which=st.integers(0, OWNERS * len(KEYS)), gives_up=st.booleans())
    def hear(self, which: int, *, gives_up: bool) -> None:
        """The answer to the request under way comes, or its loss is noticed."""
        working = self.working(hears=True)
        owner, key, work = working[which % len(working)]
        told, work.outcome = work.outcome, None
        assert told is not None
        states = {"done": State.SUCCEEDED, "refused": State.REJECTED, "never left": State.REJECTED}
        state = states.get(told, State.UNSETTLED)
        effect_id = self.effect_id() if told == "done" else None
        try:
            self.run(
                self.world.record, owner.ledger, work.hold, Outcome(state, {}, effect_id), work.n
            )
            if gives_up:
                self.rest(owner, key, work, state)
        except LostClaimError:
            self.has_lost(owner, key)

    def rest(self, owner: Owner, key: str, work: Work, state: State) -> None:
        if state is State.UNSETTLED:
            self.finish(owner, key, work, State.UNSETTLED)
        elif state is State.REJECTED and work.n == 1:
            self.finish(owner, key, work, State.REJECTED)
        else:
            self.finish(owner, key, work, State.RESERVED)

    def finish(self, owner: Owner, key: str, work: Work, state: State) -> None:
        try:
            self.run(self.world.finish, owner.ledger, work.hold, state, {})
        finally:
            owner.work.pop(key)
        if state is State.SUCCEEDED:
            self.truths[key].done_at = self.world.instant

    def has_lost(self, owner: Owner, key: str) -> None:
        assert not owner.has_lock, "only a process without its lock loses a claim"
        owner.work.pop(key, None)

    @rule(number=st.integers(0, OWNERS - 1), goes_on=st.booleans())
    def crash(self, number: int, *, goes_on: bool) -> None:
        """A process dies, or loses its lock and does not know; another one starts."""
        owner = self.owners[number]
        if goes_on and owner.has_lock:
            assert isinstance(owner.ledger, SqliteLedger)
            owner.ledger._db.owners.close()  # pyright: ignore[reportPrivateUsage] because only a defect of the system does this
            owner.has_lock = False
            return
        self.run(self.world.die, owner.ledger)
        self.owners[number] = Owner(self.world.open())

    @rule(seconds=st.sampled_from([-90_000.0, -60.0, 0.5, 60.0, 4000.0, 90_000.0]))
    def clock_jumps(self, seconds: float) -> None:
        self.world.instant += seconds
        self.latest = max(self.latest, self.world.instant)

    @rule(number=st.integers(0, OWNERS - 1), key=st.sampled_from(KEYS))
    def person_settles(self, number: int, key: str) -> None:
        truth = self.truths[key]
        state = State.REJECTED
        ledger = self.owners[number].ledger
        if not self.owners[number].has_lock:
            return
        found = [r for r in self.run(ledger.find, key) if r.is_open]
        if found:
            # The person looks at the step that is open.
            last = found[0].steps[-1] if found[0].steps else None
            happened = last is not None and truth.effects[last.n] > 0
            state = State.SUCCEEDED if happened else State.REJECTED
        if self.run(ledger.settle_by_hand, key, state, None, self.world.instant):
            assert not self.is_worked_on(key)
            if state is State.SUCCEEDED:
                truth.done_at = self.world.instant

    @rule(number=st.integers(0, OWNERS - 1), key=st.sampled_from(KEYS))
    def person_forgets(self, number: int, key: str) -> None:
        owner = self.owners[number]
        if owner.has_lock and self.run(owner.ledger.forget, key):
            assert not self.is_worked_on(key)
            self.truths[key].may_begin_anew = True

    def is_worked_on(self, key: str) -> bool:
        return any(owner.has_lock and key in owner.work for owner in self.owners)

    @invariant()
    def no_step_has_two_effects(self) -> None:
        for truth in self.truths.values():
            assert all(count <= 1 for count in truth.effects.values())


Processes.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.generate,),  # a failure is shown as it came: shrinking takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestProcesses = Processes.TestCase
