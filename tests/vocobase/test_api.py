import pytest

from callpost.errors import Code, Fault, Paced, Refused, Unsettled
from callpost.toolset import Reply
from callpost_vocobase.api import API, fault, unwrap, windows


def reply(
    status: int, body: object = None, *, headers: dict[str, str] | None = None, empty: bool = False
) -> Reply:
    return Reply(
        status=status,
        headers=headers or {},
        body=body,
        is_json=body is not None,
        is_empty=empty,
        received_at=0.0,
    )


def said(status: int, code: str, message: str = "because") -> Fault:
    return fault(reply(status, {"success": False, "error": {"code": code, "message": message}}))


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/calls", ("calls",)),
        ("GET", "/calls?limit=100", ("calls",)),
        ("POST", "/calls/start", ("calls",)),
        ("GET", "/calls/concurrency", ("calls",)),
        ("POST", "/calls/x/extract", ("calls",)),
        ("GET", "/callsign", ("general",)),
        ("GET", "/agent", ("general",)),
        ("POST", "/sessions/webrtc", ("general", "webrtc")),
        ("GET", "/sessions/webrtc", ("general",)),
    ],
)
def test_call_requests_have_a_window_of_their_own(
    method: str, path: str, expected: tuple[str, ...]
) -> None:
    assert windows(method, path) == expected
    assert set(expected) <= set(API.limits)


@pytest.mark.parametrize("data", [{"a": 1}, [1], "text", 5])
def test_payload_is_what_the_envelope_holds(data: object) -> None:
    assert unwrap(reply(200, {"success": True, "data": data})) == data


@pytest.mark.parametrize(
    "accepted",
    [
        reply(204, empty=True),
        reply(200, {"success": True}),
        reply(200, {"success": True, "data": None}),
    ],
)
def test_success_without_data_is_an_empty_payload(accepted: Reply) -> None:
    assert unwrap(accepted) == {}


@pytest.mark.parametrize(
    "foreign",
    [
        reply(200, empty=True),
        reply(200, {"call_id": "c1"}),
        reply(200, {"success": False, "error": {"code": "X", "message": "y"}}),
        reply(200, ["success"]),
        reply(200),
    ],
)
def test_body_without_the_success_envelope_is_no_answer(foreign: Reply) -> None:
    with pytest.raises(ValueError, match="success"):
        unwrap(foreign)


@pytest.mark.parametrize(
    ("status", "upstream_code", "code"),
    [
        (400, "VALIDATION_ERROR", "invalid_arguments"),
        (401, "UNAUTHORIZED", "unauthorized"),
        (402, "PAYMENT", "insufficient_balance"),
        (403, "FORBIDDEN", "forbidden"),
        (403, "INSUFFICIENT_CREDITS", "insufficient_balance"),
        (404, "NOT_FOUND", "not_found"),
        (409, "CONFLICT", "conflict"),
        (418, "TEAPOT", "upstream_error"),
        (422, "DICTIONARY_CHAR_LIMIT_EXCEEDED", "invalid_arguments"),
        (451, "DICTIONARY_CHAR_LIMIT_EXCEEDED", "invalid_arguments"),
    ],
)
def test_refusal_says_what_it_was(status: int, upstream_code: str, code: Code) -> None:
    refusal = said(status, upstream_code)
    assert isinstance(refusal, Refused)
    assert refusal.code == code
    assert refusal.upstream is not None
    assert (refusal.upstream.status, refusal.upstream.code) == (status, upstream_code)
    assert refusal.upstream.message == "because"


@pytest.mark.parametrize("message", ["Insufficient credits", "Your balance is too low"])
def test_forbidden_for_lack_of_money_asks_for_a_top_up(message: str) -> None:
    refusal = said(403, "FORBIDDEN", message)
    assert refusal.code == "insufficient_balance"
    assert "top up" in refusal.next_step


def test_bad_key_names_the_variable_to_check() -> None:
    assert "VOCOBASE_API_KEY" in said(401, "UNAUTHORIZED").next_step


def test_limit_reached_is_a_wait_whether_it_was_rate_or_concurrency() -> None:
    paced = said(429, "LIMIT_REACHED")
    assert isinstance(paced, Paced)
    assert (paced.code, paced.retry_after_s) == ("rate_limited", None)
    assert said(429, "CONCURRENCY_LIMIT").code == "concurrency_limited"


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("0.5", 0.5), ("soon", None), ("-1", None), ("inf", None)]
)
def test_retry_after_is_obeyed_though_it_is_not_documented(
    header: str, seconds: float | None
) -> None:
    paced = fault(reply(429, headers={"retry-after": header}))
    assert isinstance(paced, Paced)
    assert paced.retry_after_s == seconds


@pytest.mark.parametrize("status", [408, 425, 499, 500, 502, 503, 599])
def test_where_something_may_have_happened_the_outcome_is_unknown(status: int) -> None:
    unknown = fault(reply(status))
    assert isinstance(unknown, Unsettled)
    assert unknown.side_effect == "unknown"


@pytest.mark.parametrize("status", [400, 404, 405, 451])
def test_refusal_in_a_foreign_body_is_still_a_refusal(status: int) -> None:
    assert isinstance(fault(reply(status)), Refused)
    assert isinstance(fault(reply(status, {"error": "no"})), Refused)


def test_redirect_proves_nothing_and_points_to_the_address() -> None:
    moved = fault(reply(302))
    assert isinstance(moved, Unsettled)
    assert "VOCOBASE_API_URL" in moved.next_step
