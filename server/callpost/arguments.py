"""What a model sent becomes a validated model, or a fault that names every bad field."""

import difflib
import inspect
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from callpost.errors import FieldProblem, InvalidArguments
from callpost.models import Args
from callpost.toolset import Dedupe, Tool

__all__ = ["OCCURRENCE", "REPLACED", "occurrence_and_rest", "understood", "validated"]

ArgsT = TypeVar("ArgsT", bound=Args)

LARGEST_OCCURRENCE = 10_000
LONGEST_NAME = 60
REPLACED = "\ufffd"
"""What the wire puts in place of half a character, which no parser would take."""
LONE_SURROGATES = frozenset(map(chr, range(0xD800, 0xE000)))

SYNONYMS = {
    "scheduledat": "when",
    "scheduledfor": "when",
    "scheduletime": "when",
    "scheduledtime": "when",
    "schedule": "when",
    "publishat": "when",
    "publishnow": "when",
    "saveasdraft": "when",
    "draft": "when",
    "phonenumber": "to_number",
    "phone": "to_number",
    "number": "to_number",
    "to": "to_number",
    "text": "content",
    "message": "content",
    "body": "content",
    "caption": "content",
    "accounts": "account_ids",
    "platforms": "account_ids",
    "media": "media_ids",
    "overrides": "platform_overrides",
    "agent": "agent_id",
    "assistantid": "agent_id",
}
"""What models and other servers call our arguments, letters only; beyond what spelling can tell."""


def understood(tool: Tool, arguments: Mapping[str, Any] | None) -> tuple[Args, int]:
    """The tool's arguments, and which time the person wants it done.

    Raises:
        InvalidArguments: Every problem at once, no value echoed.
    """
    given = dict(arguments or {})
    problems = list(_broken_texts(given))
    occurrence, args = 1, None
    try:
        occurrence, given = occurrence_and_rest(tool, given)
    except InvalidArguments as fault:
        problems.extend(fault.fields)
        given.pop(OCCURRENCE)
    try:
        args = validated(tool.args, given)
    except InvalidArguments as fault:
        problems.extend(fault.fields)
    if args is None or problems:
        raise _invalid(tuple(problems))
    return args, occurrence


def _broken_texts(value: Any, path: str = "") -> Iterator[FieldProblem]:
    """Half characters that a host passed on: sent, they would be another text."""
    if isinstance(value, str) and any(c == REPLACED or c in LONE_SURROGATES for c in value):
        yield FieldProblem(path, "has a broken character (half of a pair); send the whole text")
    elif isinstance(value, Mapping):
        for name, part in cast("Mapping[object, Any]", value).items():
            yield from _broken_texts(part, f"{path}.{_shown(str(name))}".removeprefix("."))
    elif isinstance(value, list):
        for index, part in enumerate(cast("list[Any]", value)):
            yield from _broken_texts(part, f"{path}.{index}")


def _invalid(problems: tuple[FieldProblem, ...]) -> InvalidArguments:
    names = ", ".join(dict.fromkeys(problem.path for problem in problems))
    return InvalidArguments(
        f"{len(problems)} argument problem{'s' if len(problems) > 1 else ''}: {names}. "
        "Nothing was sent.",
        fields=problems,
    )


def validated(model: type[ArgsT], arguments: Mapping[str, Any] | None) -> ArgsT:
    """The model, or what is wrong with each field.

    Raises:
        InvalidArguments: Every problem at once, no value echoed.
    """
    try:
        return model.model_validate(dict(arguments or {}))
    except ValidationError as error:
        # The input decides a word («characters», «items») and is never shown.
        details = error.errors(include_url=False, include_input=True, include_context=True)
    problems = tuple(_problem(detail, model) for detail in details)
    raise _invalid(problems)


OCCURRENCE = "occurrence"
"""Optional argument of every tool that creates or sends; not part of its model."""


def occurrence_and_rest(
    tool: Tool, arguments: Mapping[str, Any] | None
) -> tuple[int, dict[str, Any]]:
    """Which time the person wants the very same thing done, and the tool's own arguments.

    Raises:
        InvalidArguments: It is not a number from 1.
    """
    rest = dict(arguments or {})
    if tool.dedupe is not Dedupe.CONTENT:
        return 1, rest
    given = rest.pop(OCCURRENCE, None)
    if given is None:
        return 1, rest
    try:
        is_text = isinstance(given, str) and given.isascii()
        is_whole = isinstance(given, int) and not isinstance(given, bool)
        number = int(given) if is_text or is_whole else 0
    except ValueError:
        number = 0
    if not 1 <= number <= LARGEST_OCCURRENCE:
        problem = FieldProblem(OCCURRENCE, "expected a whole number from 1; leave it out to retry")
        raise _invalid((problem,))
    return number, rest


def _problem(detail: ErrorDetails, model: type[BaseModel]) -> FieldProblem:
    is_unknown = detail["type"] == "extra_forbidden"
    named = detail["loc"][:-1] if is_unknown else detail["loc"]
    place = tuple(part for part in named if not _is_branch(part))
    if is_unknown:
        place = (*place, _shown(str(detail["loc"][-1])))
    path = ".".join(str(part) for part in place) or "(arguments)"
    match detail["type"]:
        case "extra_forbidden":
            return FieldProblem(path, _unknown(str(place[-1]), _known_names(model, place[:-1])))
        case "missing":
            return FieldProblem(path, "is required")
        case "value_error":
            return FieldProblem(path, _expectation(detail["msg"]))
        case "string_pattern_mismatch" if path.endswith(("id", "ids")) or place[-2:-1] == ("ids",):
            return FieldProblem(path, "is not an identifier; take one from a list or create answer")
        case _:
            said = _expectation(detail["msg"])
            is_text = isinstance(detail["input"], str)
            return FieldProblem(path, said.replace(" item", " character") if is_text else said)


def _shown(name: str) -> str:
    """A name somebody made up, short and printable enough to say back."""
    return "".join(c for c in name if c.isprintable())[:LONGEST_NAME]


def _is_branch(part: object) -> bool:
    """Pydantic names the branch of a union in the location; a person did not write it."""
    return isinstance(part, str) and (
        "[" in part or part in {"str", "int", "float", "bool", "datetime", "literal"}
    )


def _expectation(message: str) -> str:
    expected = message.removeprefix("Input ").removeprefix("Value error, ")
    expected = expected.replace("Tuple should", "should").replace(" after validation", "")
    return expected[:1].lower() + expected[1:]


def _known_names(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    current: type[BaseModel] | None = model
    for part in place:
        if isinstance(part, str) and current is not None and part in current.model_fields:
            current = _nested(current.model_fields[part].annotation)
    fields = current.model_fields.items() if current is not None else ()
    return [field.alias or name for name, field in fields]


def _nested(annotation: Any) -> type[BaseModel] | None:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    for part in get_args(annotation):
        found = _nested(part)
        if found is not None:
            return found
    return None


def _letters(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _unknown(name: str, known: list[str]) -> str:
    by_letters = {_letters(k): k for k in known}
    meant = SYNONYMS.get(_letters(name))
    if meant in known:
        return f"is not an argument; did you mean {meant}?"
    near = difflib.get_close_matches(_letters(name), by_letters, n=1, cutoff=0.6)
    if near:
        return f"is not an argument; did you mean {by_letters[near[0]]}?"
    return f"is not an argument; there are: {', '.join(known) or 'none'}"
