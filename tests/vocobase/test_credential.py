import pytest
from pydantic import SecretStr

from callpost.errors import Refused, Upstream
from callpost.toolset import Args, Result
from callpost_vocobase.credential import Secret, fingerprints, secrets_of, unsaid, without


class Login(Args):
    name: str
    password: Secret


class Answer(Result):
    message: str | None = None
    count: int | None = None


LOGIN = Login.model_validate({"name": "n", "password": "hunter2-hunter2"})


def test_secret_prints_and_serialises_as_stars() -> None:
    assert "hunter2" not in repr(LOGIN) + LOGIN.model_dump_json()


def test_secrets_are_told_apart_by_too_little_to_guess_them() -> None:
    first = fingerprints(secrets_of(LOGIN))
    other = fingerprints({"password": SecretStr("hunter3-hunter3")})
    assert first != other
    assert len(first["password"]) == 4


def test_fault_keeps_harmless_text_and_loses_the_rest() -> None:
    for message, kept in (("No such account", True), ("Bad password hunter2-hu…", False)):
        fault = Refused("no", upstream=Upstream("vocobase", 400, "X", message))
        with pytest.raises(Refused) as raised, unsaid(secrets_of(LOGIN)):
            raise fault
        assert raised.value.upstream is not None
        assert (raised.value.upstream.message == message) is kept


def test_result_that_repeats_a_secret_is_cleared() -> None:
    harmless = Answer(message="saved", count=1)
    assert without(harmless, secrets_of(LOGIN)) is harmless
    told = without(Answer(message="saved hunter2-hunter2", count=1), secrets_of(LOGIN))
    assert told.message is not None
    assert "hunter2" not in told.message
    assert told.count == 1
