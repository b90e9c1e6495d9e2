"""The environment: every wrong value is named with its remedy and never shown."""

from pathlib import Path

import pytest

from callpost.errors import SettingsError
from callpost.settings import NAMES, Settings, default_state_path, read_settings
from callpost_vocobase import FAMILY as VOCOBASE
from callpost_voxburst import FAMILY as VOXBURST

KEY = "vb_live_0123456789"


def read(**environ: str) -> Settings:
    return read_settings([VOCOBASE.api, VOXBURST.api], environ)


def test_without_anything_set_nothing_can_be_sent_and_nothing_fails() -> None:
    settings = read()
    assert settings.keyed == frozenset()
    assert not settings.read_only
    assert settings.bounds.max_wait_s == 20
    assert settings.bounds.settle_after_s == 60


@pytest.mark.parametrize(
    "given",
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1",
     "http://127.0.0.1:8080/v1/"],
)  # fmt: skip
def test_the_address_may_come_with_or_without_its_version(given: str) -> None:
    settings = read(VOXBURST_API_URL=given)
    assert settings.access["voxburst"].base_url == "http://127.0.0.1:8080/v1"


@pytest.mark.parametrize(
    "wrong",
    ["http://api.voxburst.io/v1", "ftp://127.0.0.1", "api.voxburst.io", "https://", "https://u:p@h/v1",
     "https://h/v1?x=1", "https://h:port/v1", "http://127.0.0.1.example.org", "http://[::1", "//h"],
)  # fmt: skip
def test_a_key_goes_to_https_or_loopback_only(wrong: str) -> None:
    with pytest.raises(SettingsError, match="VOXBURST_API_URL"):
        read(VOXBURST_API_KEY=KEY, VOXBURST_API_URL=wrong)


def test_a_key_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    key = read(VOXBURST_API_KEY_FILE=str(file)).access["voxburst"].key
    assert key is not None
    assert key.get_secret_value() == KEY


def test_a_key_is_never_shown() -> None:
    settings = read(VOXBURST_API_KEY=KEY)
    assert KEY not in repr(settings)
    assert KEY not in settings.model_dump_json()
    assert settings.keyed == {"voxburst"}


@pytest.mark.parametrize("unfilled", ["", "  ", "${user_config.voxburst_api_key}"])
def test_a_key_left_empty_in_a_host_is_no_key(unfilled: str) -> None:
    assert read(VOXBURST_API_KEY=unfilled).keyed == frozenset()


def test_a_folder_left_empty_in_a_host_is_no_folder() -> None:
    folders = read(CALLPOST_UPLOAD_DIRS="${user_config.upload_folder}").bounds.upload_folders
    assert folders == ()


def test_a_scope_follows_the_key_unless_a_label_names_it() -> None:
    one, other = read(VOXBURST_API_KEY=KEY), read(VOXBURST_API_KEY=KEY + "x")
    assert one.access["voxburst"].scope != other.access["voxburst"].scope
    labelled = [read(VOXBURST_API_KEY=k, VOXBURST_API_LABEL="team") for k in (KEY, KEY + "x")]
    assert {s.access["voxburst"].scope for s in labelled} == {"team"}


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"CALLPOST_MAX_WAIT": "5"}, "Did you mean CALLPOST_MAX_WAIT_S"),
        ({"CALLPOST_READONLY": "1"}, "Did you mean CALLPOST_READ_ONLY"),
        ({"CALLPOST_TOOLSET": "all"}, "Did you mean CALLPOST_TOOLSETS"),
        ({"CALLPOST_MAX_WAIT_S": "soon"}, "CALLPOST_MAX_WAIT_S"),
        ({"CALLPOST_MAX_WAIT_S": "-1"}, "CALLPOST_MAX_WAIT_S"),
        ({"CALLPOST_MAX_WAIT_S": "nan"}, "CALLPOST_MAX_WAIT_S"),
        ({"CALLPOST_SETTLE": "maybe"}, "CALLPOST_SETTLE"),
        ({"CALLPOST_LOG_LEVEL": "LOUD"}, "CALLPOST_LOG_LEVEL"),
        ({"CALLPOST_LIMITS": "vocobase=3"}, "CALLPOST_LIMITS"),
        ({"CALLPOST_LIMITS": "vocobase.calls=0/60s"}, "CALLPOST_LIMITS"),
        ({"CALLPOST_POLICY": "policy.toml"}, "cannot enforce"),
        ({"VOXBURST_API_KEY": "two words"}, "VOXBURST_API_KEY"),
        ({"VOXBURST_API_KEY": "clé"}, "VOXBURST_API_KEY"),
        ({"VOXBURST_API_KEY": KEY, "VOXBURST_API_KEY_FILE": "x"}, "set one"),
        ({"VOXBURST_API_KEY_FILE": "/nowhere/at/all"}, "cannot be read"),
        ({"VOXBURST_API_KEY": KEY, "VOXBURST_API_LABEL": "a b"}, "label"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read(**environ)
    assert named in str(raised.value)
    assert KEY not in str(raised.value)


def test_what_others_call_their_own_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    assert read(CALLPOST_REPO_FOLDER="x").keyed == frozenset()
    assert "CALLPOST_REPO_FOLDER" in caplog.text


def test_limits_can_be_set_for_another_plan() -> None:
    bounds = read(CALLPOST_LIMITS="vocobase.calls=20/60s, voxburst.requests=5/1.5").bounds
    assert bounds.overrides["vocobase.calls"].requests == 20
    assert bounds.overrides["voxburst.requests"].window_s == 1.5


@pytest.mark.parametrize(("text", "on"), [("1", True), ("true", True), ("0", False), ("", False)])
def test_read_only_is_on_or_off(text: str, on: bool) -> None:  # noqa: FBT001 because pytest passes it
    assert read(CALLPOST_READ_ONLY=text).read_only is on


def test_the_state_is_kept_where_the_system_keeps_such_things() -> None:
    assert default_state_path({"XDG_STATE_HOME": "/x"}).name == "ledger.sqlite3"
    assert read(CALLPOST_STATE="/some/where").state == "/some/where"


def test_every_setting_has_the_projects_prefix() -> None:
    assert all(name.startswith("CALLPOST_") for name in NAMES)
