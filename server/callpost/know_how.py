"""What a family gives beside tools: things to attach, know-how to read, prompts to begin with.

All of it is data; the wire turns it into MCP resources, prompts and completions::

    FAMILY.know_how = KnowHow(
        resources=(Resource("calls", "A call", "…", tool="get_call", argument="call_id"),),
        guides=(Guide("money", "What a call costs …"),),
        choices=(Choice("agent_id", tool="list_agents", label="agent_name"),),
    )
"""

from dataclasses import dataclass

__all__ = ["TOPICS", "Choice", "Guide", "KnowHow", "Prompt", "PromptArgument", "Resource"]

TOPICS = {
    "statuses": "What the statuses mean, and which of them are final",
    "money": "What costs money or credits, and what does not",
    "unknowns": "What the APIs leave open, and what to do about it",
    "retries": "How to repeat a call without doing anything twice",
}
"""Of the guides, in listing order; a family adds its part to a topic."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Something of an API that a person attaches to a conversation, as a read tool answers it."""

    kind: str
    """Plural: `callpost://calls/{id}`; without an argument `callpost://status`."""
    title: str
    description: str
    tool: str
    argument: str | None = None
    """Of the tool, that takes the id."""


@dataclass(frozen=True, slots=True)
class Guide:
    """A family's part of a topic, in Markdown."""

    topic: str
    text: str


@dataclass(frozen=True, slots=True)
class PromptArgument:
    """A blank in a prompt."""

    name: str
    description: str
    otherwise: str | None = None
    """What stands there if nothing is given; without it, something has to be."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A piece of work worth a slash command; `{name}` in the text is an argument."""

    name: str
    title: str
    description: str
    text: str
    tools: tuple[str, ...]
    """Without these it is not offered."""
    arguments: tuple[PromptArgument, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """Where the values of an argument come from: the items of a list tool's answer."""

    argument: str
    """Of a prompt, or the kind of a resource; several may be given where the name is plural."""
    tool: str
    label: str
    """Field by which a person knows an item."""
    identifier: str = "id"


@dataclass(frozen=True, slots=True)
class KnowHow:
    """Everything of one family."""

    resources: tuple[Resource, ...] = ()
    guides: tuple[Guide, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    choices: tuple[Choice, ...] = ()
