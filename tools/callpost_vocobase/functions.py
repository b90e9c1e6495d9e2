"""Custom functions: HTTP tools that agents use while they talk (contract tag Functions)."""

from typing import Annotated, Any, ClassVar, cast

from pydantic import Field, model_validator

from callpost.fields import Text
from callpost.toolset import Args, Call, Dedupe, Effect, Result, Sent, route
from callpost_vocobase.api import FAMILY
from callpost_vocobase.credential import Secret, fingerprints, unsaid, without
from callpost_vocobase.settling import undecidable
from callpost_vocobase.texts import Named, WebUrl

__all__ = [
    "AgentFunction",
    "CreateAgentFunction",
    "FunctionParam",
    "Header",
    "create_agent_function",
    "functions",
]

functions = FAMILY.toolset("functions", title="Agent functions")


class Header(Args):
    """A request header of the function, often a credential."""

    key: Named
    value: Secret


class FunctionParam(Args):
    """A named value that goes in or comes out."""

    name: Named
    type: Named = "string"
    description: Text | None = None
    required: bool | None = None


class CreateAgentFunction(Args):
    """What the function does, where it is and what it takes."""

    name: Named
    description: Annotated[Named, Field(description="Tells the agent when to use it")]
    url: WebUrl
    headers: tuple[Header, ...] = ()
    inputs: tuple[FunctionParam, ...] = ()
    outputs: tuple[FunctionParam, ...] = ()
    started_messages: Annotated[
        tuple[Text, ...], Field(description="One is spoken while it runs; name unconfirmed")
    ] = ()

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        body: dict[str, Any] = {
            "name": self.name,
            "description": self.description,
            "url": self.url,
            "headers": [{"key": h.key, "value": h.value.get_secret_value()} for h in self.headers],
            "input_schema": [p.model_dump(exclude_none=True) for p in self.inputs],
            "output_schema": [p.model_dump(exclude_none=True) for p in self.outputs],
            "started_messages": list(self.started_messages),
        }
        return {name: value for name, value in body.items() if value != []}


class AgentFunction(Result):
    """The answer's shape was not captured; what is recognised is kept."""

    unstored: ClassVar[frozenset[str]] = frozenset({"message"})  # may repeat a header

    id: str | None = None
    name: str | None = None
    message: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, data: Any) -> Any:
        """Out of a `function` wrapper, should there be one."""
        told = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
        inner = told.get("function")
        return cast("dict[str, Any]", inner) if isinstance(inner, dict) else told


async def _headers(args: CreateAgentFunction, call: Call) -> dict[str, str]:
    del call
    return fingerprints({f"headers.{i}": h.value for i, h in enumerate(args.headers)})


@functions.tool(
    effect=Effect.CREATES,
    dedupe=Dedupe.CONTENT,
    key_material=_headers,  # secrets are stars among the arguments; a corrected one is new
    operations=("createFunction",),
)
async def create_agent_function(args: CreateAgentFunction, call: Call) -> AgentFunction:
    """Create an HTTP function agents can use while they talk; Vocobase POSTs inputs as JSON.

    A person attaches it to an agent in the dashboard: that path is not public.
    """

    async def settle(sent: Sent) -> AgentFunction | None:
        raise undecidable(
            "functions",
            f"Ask the person to look in the dashboard for a function made at {sent.at:%H:%M} UTC. "
            "Only if there is none, call again with the next occurrence.",
        )

    secrets = {f"headers.{i}": header.value for i, header in enumerate(args.headers)}
    with unsaid(secrets):
        made = await call.post(route("/functions"), args.body(), into=AgentFunction, settle=settle)
    return without(made, secrets)
