"""The static front: what it answers is what the SDK's server would answer, or it says nothing."""

import json
import sys
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from callpost.assembly import Callpost, assemble
from callpost.errors import SettingsError
from callpost.wire import listing
from callpost.wire.front import Front
from callpost.wire.listing import Listing
from wire_stream import conversation

Json = dict[str, Any]
ENV = {"HOME": "/nowhere"}
PARTS: dict[str, Callpost] = {}
PREFIX = "io.modelcontextprotocol/"


def parts(toolsets: str = "status") -> Callpost:
    """One set of parts for all examples; nothing in it changes."""
    if toolsets not in PARTS:
        PARTS[toolsets] = assemble(ENV | {"CALLPOST_TOOLSETS": toolsets})
    return PARTS[toolsets]


def line(message: Json) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **message}).encode()


def named(sure: Listing) -> list[str]:
    return [json.loads(tool)["name"] for tool in sure.tools]


def one_of_mostly(usual: st.SearchStrategy[Any], *odd: Any) -> st.SearchStrategy[Any]:
    return st.one_of(usual, usual, usual, st.sampled_from(odd))


OBJECTS = st.sampled_from([{}, {"a": {}}, {"a": {"b": 1}}])
ODD: tuple[Any, ...] = (None, True, 3, "x", [], {}, {"a": 1}, [1], {"listChanged": "yes"})
CAPABILITIES = st.fixed_dictionaries(
    {},
    optional={
        "roots": one_of_mostly(st.sampled_from([{}, {"listChanged": True}]), *ODD),
        "sampling": one_of_mostly(st.sampled_from([{}, {"context": {}, "tools": {"a": 1}}]), *ODD),
        "elicitation": one_of_mostly(st.sampled_from([{}, {"form": {}}, {"url": {}}]), *ODD),
        "experimental": one_of_mostly(OBJECTS, *ODD),
        "extensions": one_of_mostly(OBJECTS, *ODD),
        "tasks": st.sampled_from([{}, {"list": {}}, 3]),
        "unknown": st.sampled_from(ODD),
    },
)
ICONS: st.SearchStrategy[Any] = st.sampled_from(
    [[], [{"src": "data:,"}], [{"src": "x", "sizes": ["any"]}], [{}], "x"]
)
IMPLEMENTATION = one_of_mostly(
    st.fixed_dictionaries(
        {"name": one_of_mostly(st.text(), *ODD), "version": one_of_mostly(st.text(), *ODD)},
        optional={
            "title": one_of_mostly(st.text(), *ODD),
            "websiteUrl": one_of_mostly(st.just("https://example.com"), *ODD),
            "icons": ICONS,
            "more": st.sampled_from(ODD),
        },
    ),
    *ODD,
)
VERSIONS = st.sampled_from(
    ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", "2030-01-01", 7]
)
PLAIN_META = st.fixed_dictionaries(
    {},
    optional={
        "progressToken": one_of_mostly(st.sampled_from([1, "p"]), *ODD),
        "traceparent": st.sampled_from(["00-aa-bb-01", 3]),
        "callpost/other": st.just(1),
    },
)
ENVELOPE = st.fixed_dictionaries(
    {
        PREFIX + "protocolVersion": one_of_mostly(st.just("2026-07-28"), "2025-11-25", 3, None),
        PREFIX + "clientCapabilities": one_of_mostly(CAPABILITIES, None, [], 1),
    },
    optional={
        PREFIX + "clientInfo": IMPLEMENTATION,
        PREFIX + "logLevel": st.sampled_from(["info", "nonsense"]),
        "progressToken": st.sampled_from([1, "p", None]),
    },
)
PARAMS = st.one_of(
    st.fixed_dictionaries({}),
    st.fixed_dictionaries({"_meta": PLAIN_META}),
    st.fixed_dictionaries({"_meta": ENVELOPE}),
    st.fixed_dictionaries({"_meta": ENVELOPE}),
    st.fixed_dictionaries({"cursor": st.sampled_from([None, "", "2"])}),
    st.fixed_dictionaries({"_meta": st.sampled_from([None, [], "x"])}),
)
OPENING = st.fixed_dictionaries(
    {
        "protocolVersion": VERSIONS,
        "capabilities": one_of_mostly(CAPABILITIES, None, []),
        "clientInfo": IMPLEMENTATION,
    },
    optional={"_meta": st.one_of(PLAIN_META, ENVELOPE), "more": st.just(1)},
)
GOOD_OPENING = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"roots": {"listChanged": True}},
    "clientInfo": {"name": "c", "version": "1"},
}
METHODS: st.SearchStrategy[Any] = st.sampled_from(
    ["ping", "tools/list", "tools/list", "server/discover", "prompts/list", "no/such"]
)
REQUESTS: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries({"method": st.just("initialize"), "params": OPENING}),
    st.fixed_dictionaries({"method": st.just("initialize"), "params": st.just(GOOD_OPENING)}),
    st.fixed_dictionaries(
        {
            "method": METHODS,
        },
        optional={"params": PARAMS},
    ),
)
NOTIFICATIONS = st.sampled_from(
    [
        {"method": "notifications/initialized"},
        {"method": "notifications/cancelled", "params": {"requestId": 999}},
        {"method": "no/such"},
    ]
)


GOOD_ENVELOPE: Json = {
    PREFIX + "protocolVersion": "2026-07-28",
    PREFIX + "clientCapabilities": {"elicitation": {"form": {}}, "extensions": {"a/b": {}}},
}
MODERN_REQUESTS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {
        "method": METHODS,
        "params": st.fixed_dictionaries({"_meta": one_of_mostly(ENVELOPE, GOOD_ENVELOPE)}),
    }
)
ANY = st.lists(st.one_of(REQUESTS, REQUESTS, NOTIFICATIONS), max_size=5)
CONVERSATIONS: st.SearchStrategy[list[Json]] = st.one_of(
    ANY,
    ANY.map(lambda rest: [{"method": "initialize", "params": GOOD_OPENING}, *rest]),
    st.lists(st.one_of(MODERN_REQUESTS, MODERN_REQUESTS, NOTIFICATIONS), max_size=5),
)


@given(messages=CONVERSATIONS, first=st.sampled_from([0, "a"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_front_answers_as_the_server_would_or_not_at_all(
    messages: list[Json], first: int | str
) -> None:
    numbered = [
        message
        if message["method"].startswith("notifications/")
        else {"id": f"a{n}" if isinstance(first, str) else n, **message}
        for n, message in enumerate(messages)
    ]
    front = Front(environ=ENV | {"CALLPOST_TOOLSETS": "status"})
    said = [front.reply(line(message)) for message in numbered]

    async def by_the_server() -> list[Json]:
        with anyio.fail_after(30):
            return await conversation(parts(), numbered)

    answers = iter(anyio.run(by_the_server))
    for message, answer in zip(numbered, said, strict=True):
        if "id" not in message:
            assert answer is None
            continue
        expected = next(answers)
        if answer is not None:
            event(f"answered {message['method']}")
            assert json.loads(answer.line) == expected


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_the_usual_opening_of_the_handshake_era_is_answered(version: str) -> None:
    front = Front(environ=ENV)
    opening = {
        "id": 1,
        "method": "initialize",
        "params": GOOD_OPENING | {"protocolVersion": version},
    }
    assert front.reply(line(opening)) is not None
    assert front.reply(line({"method": "notifications/initialized"})) is None
    assert front.reply(line({"id": 2, "method": "tools/list"})) is not None
    assert front.reply(line({"id": 3, "method": "tools/list", "params": {}})) is not None
    assert front.reply(line({"id": "4", "method": "ping"})) is not None
    assert front.answered == {"1"}, "the server needs to hear of the handshake alone"
    assert not front.owes


def test_the_usual_opening_without_handshake_is_answered() -> None:
    front = Front(environ=ENV)
    meta: Json = {
        PREFIX + "protocolVersion": "2026-07-28",
        PREFIX + "clientCapabilities": {"elicitation": {"form": {}}},
        PREFIX + "clientInfo": {"name": "c", "version": "1", "title": "C"},
    }
    for n, method in enumerate(("server/discover", "tools/list")):
        assert front.reply(line({"id": n, "method": method, "params": {"_meta": meta}}))
    assert front.answered == {"0"}, "the first request decides the era"
    assert not front.owes


def test_a_second_use_of_an_id_leaves_everything_to_the_server() -> None:
    front = Front(environ=ENV)
    assert front.reply(line({"id": 1, "method": "ping"})) is not None
    assert front.reply(line({"id": "1", "method": "ping"})) is None
    assert front.reply(line({"id": 2, "method": "ping"})) is None
    assert front.owes


@pytest.mark.parametrize(
    "odd",
    [
        b"[]",
        b"{}",
        b"nonsense",
        b"\xff",
        b'\xef\xbb\xbf{"jsonrpc":"2.0","id":5,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":5,"method":"ping","params":{"x":NaN}}',
        b'{"jsonrpc":"2.0","id":"\\ud83d","method":"ping"}',
        b'{"jsonrpc":"2.0","id":5,"method":"ping","params":[]}',
        b'{"jsonrpc":"2.0","id":true,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":null,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":1.0,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":5,"method":"ping","more":1}',
        b'{"jsonrpc":"2.0","id":5,"result":{}}',
        b"[" * 100_000,
    ],
)
def test_a_line_that_is_no_plain_request_leaves_everything_to_the_server(odd: bytes) -> None:
    front = Front(environ=ENV)
    assert front.reply(odd) is None
    assert front.reply(line({"id": 9, "method": "ping"})) is None
    assert front.owes


SETTINGS = st.fixed_dictionaries(
    {"HOME": st.just("/nowhere")},
    optional={
        "CALLPOST_TOOLSETS": st.lists(
            st.sampled_from(
                [
                    "default",
                    "all",
                    "calls",
                    "+agents",
                    "-posts",
                    "billing",
                    "+all",
                    "psots",
                    "-",
                    "",
                ]
            ),
            max_size=3,
        ).map(",".join),
        "CALLPOST_TOOLS": st.sampled_from(["", "create_agent", "delete_post, get_call", "nothing"]),
        "CALLPOST_EXCLUDE_TOOLS": st.sampled_from(["", "create_post", "get_status no_such"]),
        "CALLPOST_READ_ONLY": st.sampled_from(["", "0", "1", "no", " off ", "YES"]),
        "CALLPOST_STATE": st.sampled_from(
            ["", "/x/y", "postgresql://x", "~/s", "~nobody9/s", "rel/ative", "C:\\x"]
        ),
        "CALLPOST_MAX_WAIT_S": st.sampled_from(
            ["", "0", "12.5", "39", "40", "41", "-1", "x", "1e1"]
        ),
        "CALLPOST_TIMEOUT_S": st.sampled_from(["", "20", "400", " 3"]),
        "CALLPOST_SETTLE": st.sampled_from(["", "look", "STRICT", "strict", "never"]),
        "CALLPOST_SETTLE_AFTER_S": st.sampled_from(["", "60", "4000"]),
        "CALLPOST_LOG_LEVEL": st.sampled_from(["", "DEBUG", "debug", "LOUD"]),
        "CALLPOST_LIMITS": st.sampled_from(["", "vocobase.calls=20/60s", "x"]),
        "CALLPOST_UPLOAD_DIRS": st.sampled_from(["", "/a:/b", "~nobody9/x"]),
        "CALLPOST_HTTP_TOKEN": st.sampled_from(["", "t", "not a token"]),
        "CALLPOST_POLICY": st.sampled_from(["", "/etc/policy.toml"]),
        "CALLPOST_TEST_ANYTHING": st.just("1"),
        "CALLPOST_UNKNOWN": st.just("1"),
        "VOCOBASE_API_KEY": st.sampled_from(
            ["", "rg_live_x", "${user_config.key}", "two words", "é"]
        ),
        "VOCOBASE_API_KEY_FILE": st.sampled_from(["", "/no/such/file"]),
        "VOCOBASE_API_LABEL": st.sampled_from(["", "main", "bad label"]),
        "VOCOBASE_API_URL": st.sampled_from(
            [
                "",
                "https://api.vocobase.com/api/v2",
                "https://api.example.com:8443",
                "https://api.example.com:99999",
                "http://127.0.0.1:80/",
                "http://example.com",
                "https://u:p@example.com",
                "https://",
                "ftp://x",
                "https://x/?q=1",
            ]
        ),
        "VOXBURST_API_KEY": st.sampled_from(["", "vb_live_x", " vb_live_x\n"]),
        "VOXBURST_API_URL": st.sampled_from(
            ["", "https://api.voxburst.io/v1", "http://localhost:5"]
        ),
    },
)


@given(environ=SETTINGS)
@settings(max_examples=150, deadline=None)
def test_the_front_lists_what_the_settings_choose_or_is_not_sure(environ: dict[str, str]) -> None:
    sure = Listing.sure(environ)
    try:
        chosen = list(assemble(environ).tools)
    except (SettingsError, RuntimeError):  # the latter: a home that nobody has
        assert sure is None
    else:
        assert sure is None or named(sure) == chosen


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"CALLPOST_TOOLSETS": "all", "CALLPOST_READ_ONLY": "1"},
        {"VOCOBASE_API_KEY": "rg_live_x", "VOXBURST_API_KEY": "vb_live_x"},
        {"VOXBURST_API_KEY": "vb_live_x", "VOXBURST_API_URL": "https://api.voxburst.io/v1"},
        {"CALLPOST_STATE": "/var/lib/callpost/ledger.sqlite3", "CALLPOST_LOG_LEVEL": "INFO"},
    ],
)
def test_the_front_is_sure_of_the_usual_settings(environ: dict[str, str]) -> None:
    assert Listing.sure(ENV | environ) is not None


def test_on_the_sandbox_both_apis_are_listed_whatever_keys_are_set() -> None:
    environ = ENV | {"VOCOBASE_API_KEY": "rg_live_x"}
    sure = Listing.sure(environ, sandbox=True)
    assert sure is not None
    assert {"start_call", "create_post"} <= set(named(sure))


def test_another_installed_family_leaves_everything_to_the_server(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "other-1.0.dist-info"
    metadata.mkdir()
    points = "[console_scripts]\nx = y:z\n\n[callpost.toolsets]\nother = other:FAMILY\n"
    (metadata / "entry_points.txt").write_text(points, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert Listing.sure(ENV) is None


def test_without_its_file_the_front_says_nothing(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "FILE", tmp_path / "none.json")
    front = Front(environ=ENV)
    assert front.reply(line({"id": 1, "method": "ping"})) is None
    assert front.owes
