from typing import Any

import pytest

from callpost.errors import InProgress, Paced, Refused, Unsettled
from callpost.toolset import Reply
from callpost_voxburst.api import API
from harness import harness

NOW = 1_800_000_000.0


def reply(status: int, body: Any = None, **headers: str) -> Reply:
    return Reply(
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body,
        is_json=body is not None,
        is_empty=False,
        received_at=NOW,
    )


def error(code: str, message: str = "no", **details: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "details": details}}


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "BAD_REQUEST", "invalid_arguments"),
        (401, "UNAUTHORIZED", "unauthorized"),
        (402, "LIMIT_EXCEEDED", "plan_limit"),
        (403, "FORBIDDEN", "forbidden"),
        (403, "AUTHORIZATION_ERROR", "forbidden"),
        (403, "PLAN_UPGRADE_REQUIRED", "plan_limit"),
        (404, "NOT_FOUND", "not_found"),
        (409, "CONFLICT", "conflict"),
        (409, "PERSONA_IN_USE", "conflict"),
        (409, "SOMETHING_NEW", "conflict"),
        (418, "SOMETHING_NEW", "upstream_error"),
        (422, "VALIDATION_ERROR", "invalid_arguments"),
    ],
)
def test_definite_no_is_refused_with_our_code(status: int, code: str, expected: str) -> None:
    fault = API.fault(reply(status, error(code)))
    assert isinstance(fault, Refused)
    assert (fault.code, fault.side_effect) == (expected, "none")
    assert fault.upstream is not None
    assert fault.upstream.code == code


@pytest.mark.parametrize("status", [302, 303, 308, 408, 425, 499, 500, 502, 503, 504])
def test_answer_that_leaves_it_open_is_unsettled(status: int) -> None:
    assert isinstance(API.fault(reply(status)), Unsettled)


def test_key_that_another_request_has_used_says_that_something_may_have_happened() -> None:
    fault = API.fault(reply(409, error("IDEMPOTENCY_CONFLICT")))
    assert (fault.code, fault.side_effect) == ("idempotency_conflict", "unknown")


@pytest.mark.parametrize("code", ["IDEMPOTENCY_IN_PROGRESS", "IN_PROGRESS"])
def test_running_twin_upstream_is_in_progress(code: str) -> None:
    fault = API.fault(reply(409, error(code)))
    assert isinstance(fault, InProgress)
    assert fault.retry_after_s


def test_validation_error_names_our_argument_and_the_limit() -> None:
    body = error("VALIDATION_ERROR", field="accountIds", maxLength=280, actualLength=301)
    fault = API.fault(reply(400, body))
    assert fault.retry == "after_fix"
    [problem] = fault.fields
    assert problem.path == "account_ids"
    assert problem.problem == "has at most 280 characters, was given 301"


@pytest.mark.parametrize(
    ("wire", "ours"),
    [
        ("media", "media_ids"),
        ("scheduledFor", "when"),
        ("firstCommentDelay", "first_comment_delay_s"),
        ("platformOverrides.TWITTER.content", "platform_overrides.TWITTER.content"),
        ("threadPosts[2].content", "thread_posts[2].content"),
    ],
)
def test_wire_names_are_told_as_our_arguments(wire: str, ours: str) -> None:
    assert API.fault(reply(400, error("VALIDATION_ERROR", field=wire))).fields[0].path == ours


def test_error_that_is_a_bare_string_is_quoted() -> None:
    fault = API.fault(reply(422, {"error": "body too large"}))
    assert fault.code == "invalid_arguments"
    assert fault.upstream is not None
    assert fault.upstream.message == "body too large"


@pytest.mark.parametrize("body", [None, [], "text", {"error": None}, {"error": {"code": 7}}])
def test_refusal_in_any_shape_is_still_a_refusal(body: Any) -> None:
    assert isinstance(API.fault(reply(404, body)), Refused)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0"}, 1.0),
        ({"retry_after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30.0),
        ({"x_ratelimit_reset": str(int(NOW) + 12)}, 12.0),
        ({"x_ratelimit_reset": str(int(NOW) + 9999)}, 60.0),
        ({"retry_after": "soon"}, 60.0),
        ({}, 60.0),
    ],
)
def test_limit_tells_how_long_to_wait(headers: dict[str, str], seconds: float) -> None:
    fault = API.fault(reply(429, error("RATE_LIMITED"), **headers))
    assert isinstance(fault, Paced)
    assert fault.retry_after_s == seconds


@pytest.mark.parametrize(
    "body", [[], "text", {"error": {"code": "X"}}, {"success": False, "error": "no"}]
)
def test_success_that_is_none_is_no_payload(body: Any) -> None:
    with pytest.raises(ValueError, match="the answer is"):
        API.unwrap(reply(200, body))


def test_html_under_a_success_status_is_no_payload() -> None:
    with pytest.raises(ValueError, match="not a JSON object"):
        API.unwrap(reply(200))


def test_payload_is_the_body_and_nothing_is_an_empty_one() -> None:
    assert API.unwrap(reply(200, {"id": "c1", "error": None})) == {"id": "c1", "error": None}
    empty = Reply(204, {}, None, is_json=False, is_empty=True, received_at=NOW)
    assert API.unwrap(empty) == {}


async def test_key_that_lacks_the_scope_is_told_so() -> None:
    async with harness() as h:
        h.sandbox.voxburst.state.scopes = frozenset({"accounts:read"})
        answer = await h.run("list_posts")
        assert answer["error"]["code"] == "forbidden"
