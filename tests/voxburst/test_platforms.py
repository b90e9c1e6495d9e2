import pytest
from pydantic import TypeAdapter, ValidationError

from callpost_voxburst.platforms import Platform, graphemes, shortest_length, too_long

PLATFORM: TypeAdapter[str] = TypeAdapter(Platform)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("x", "TWITTER"),
        ("Twitter", "TWITTER"),
        ("google business", "GOOGLE_BUSINESS"),
        ("google-business", "GOOGLE_BUSINESS"),
        ("BLUESKY", "BLUESKY"),
        ("newcomer", "NEWCOMER"),
    ],
)
def test_platform_is_understood_in_any_writing(said: str, meant: str) -> None:
    assert PLATFORM.validate_python(said) == meant


@pytest.mark.parametrize("said", ["twiter", "instgram", "c0p9!", "", 7])
def test_misspelt_platform_is_refused(said: object) -> None:
    with pytest.raises(ValidationError):
        PLATFORM.validate_python(said)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("abc", 3),
        ("e\u0301", 1),
        ("👩‍👩‍👧", 1),
        ("👍🏽", 1),
        ("🇩🇪🇫🇷", 2),
        ("❤️", 1),
        ("", 0),
    ],
)
def test_characters_are_counted_as_a_person_counts_them(text: str, count: int) -> None:
    assert graphemes(text) == count


def test_link_counts_little_on_x() -> None:
    text = "https://example.com/" + "a" * 500
    assert shortest_length("TWITTER", text) == 23
    assert too_long("TWITTER", text) is None
    assert too_long("BLUESKY", text) is not None


def test_text_is_too_long_only_where_a_limit_is_known() -> None:
    assert too_long("TWITTER", "x" * 280) is None
    assert too_long("TWITTER", "x" * 281) is not None
    assert too_long("LINKEDIN", "x" * 9000) is None
