import pytest

from callpost_sandbox.clock import SandboxClock, real_now
from callpost_sandbox.windows import RateWindow, Verdict


def test_a_stopped_clock_moves_only_when_it_is_advanced() -> None:
    clock = SandboxClock(speed=0, offset_s=-5)
    before = clock.now()
    assert clock.now() == before
    clock.advance(3)
    assert clock.now() == before + 3


def test_a_clock_is_never_moved_back() -> None:
    with pytest.raises(ValueError, match="forward"):
        SandboxClock().advance(-1)


def test_an_offset_clock_is_ahead_of_real_time() -> None:
    assert SandboxClock(offset_s=3600).now() - real_now() == pytest.approx(3600, abs=60)


def test_a_calendar_is_moved_like_the_clock_but_not_sped_up() -> None:
    clock = SandboxClock(speed=1_000_000, offset_s=100)
    clock.advance(20)
    assert clock.wall() - real_now() == pytest.approx(120, abs=60)
    assert clock.now() - real_now() > clock.wall() - real_now()


def test_a_sliding_window_frees_each_place_when_its_own_minute_is_over() -> None:
    window = RateWindow(2)
    assert window.take("key", 100) == Verdict(
        allowed=True, limit=2, remaining=1, reset_at=160, retry_after_s=0
    )
    assert window.take("key", 130).remaining == 0
    assert window.take("key", 159) == Verdict(
        allowed=False, limit=2, remaining=0, reset_at=160, retry_after_s=1
    )
    assert window.take("key", 160).allowed
    assert window.take("key", 189.9).retry_after_s == pytest.approx(0.1)
    assert window.take("key", 190).allowed


def test_a_fixed_window_frees_all_places_at_once() -> None:
    window = RateWindow(2, kind="fixed")
    assert [window.take("key", at).allowed for at in (118, 119, 119.5)] == [True, True, False]
    assert window.take("key", 119.5).retry_after_s == pytest.approx(0.5)
    assert window.take("key", 120) == Verdict(
        allowed=True, limit=2, remaining=1, reset_at=180, retry_after_s=0
    )


def test_keys_have_windows_of_their_own_and_a_refusal_uses_up_nothing() -> None:
    window = RateWindow(1)
    assert window.take("a", 0).allowed
    assert window.take("b", 0).allowed
    assert not window.take("a", 59).allowed
    assert window.take("a", 60).allowed


def test_a_window_without_places_refuses_everything() -> None:
    assert window_refuses(RateWindow(0))
    assert window_refuses(RateWindow(0, kind="fixed"))


def window_refuses(window: RateWindow) -> bool:
    return not window.take("key", 10).allowed
