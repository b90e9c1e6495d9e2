"""Texts by AI (contract path /ai). Each success costs credits, so the same call is done once.

A generated text stays in the ledger for the day of its replay: it was paid for, and it holds
nobody's personal data but what the caller put in.
"""

from typing import Annotated, Any

from pydantic import Field

from callpost.fields import Text
from callpost.models import Args
from callpost.toolset import Call, Dedupe, Effect, route
from callpost_voxburst.answers import Undocumented
from callpost_voxburst.api import FAMILY
from callpost_voxburst.freeform import JsonObject, object_of

__all__ = ["Further", "ai"]

ai = FAMILY.toolset("ai", title="AI texts and images")

Content = Annotated[Text, Field(min_length=1, max_length=10_000)]
Further = Annotated[JsonObject, Field(description="JSON object of further, undocumented fields")]


class GeneratePostText(Args):
    """What to write (contract GeneratePostContentRequest)."""

    system_prompt: Annotated[
        Text, Field(min_length=1, max_length=100_000, description="From get_persona_prompts")
    ]
    user_prompt: Annotated[Text, Field(min_length=1, max_length=50_000)]
    topic: Annotated[Text, Field(max_length=500)] | None = None
    platform: (
        Annotated[str, Field(max_length=40, description="Sets the length limit, such as TWITTER")]
        | None
    ) = None
    previous_posts: (
        Annotated[
            tuple[Text, ...], Field(max_length=30, description="Of this batch, not to repeat")
        ]
        | None
    ) = None

    def body(self) -> dict[str, Any]:
        """The wire's names."""
        wire = {
            "system_prompt": "systemPrompt",
            "user_prompt": "userPrompt",
            "previous_posts": "previousPostsInBatch",
        }
        return {wire.get(name, name): value for name, value in self.given().items()}


class EnhanceText(Args):
    """What to improve; the names inside both requests are not documented."""

    content: Content
    own_ai_key: Annotated[
        bool, Field(description="Use the workspace's own AI key: no VoxBurst credits")
    ] = False
    options: Further | None = None

    def body(self) -> dict[str, Any]:
        """`content` is what the API calls a post's text elsewhere."""
        return object_of(self.options) | {"content": self.content}


class BuildImagePrompt(Args):
    """What the image should go with; the names inside the request are not documented."""

    content: Content
    options: Further | None = None

    def body(self) -> dict[str, Any]:
        """`content` is what the API calls a post's text elsewhere."""
        return object_of(self.options) | {"content": self.content}


class CheckBulkGeneration(Args):
    """The job to be; the names inside the request are not documented."""

    request: Annotated[JsonObject, Field(description="JSON object: the bulk job")]

    def body(self) -> dict[str, Any]:
        """As given."""
        return object_of(self.request)


@ai.tool(effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("generatePostContent",))
async def generate_post_text(args: GeneratePostText, call: Call) -> Undocumented:
    """Write a post's text in a persona's voice; publishes nothing. Costs 1 credit."""
    return await call.post(route("/ai/generate-post-content"), args.body(), into=Undocumented)


@ai.tool(
    effect=Effect.CREATES,
    dedupe=Dedupe.CONTENT,
    operations=("enhanceContent", "enhanceWithOwnKey"),
)
async def enhance_text(args: EnhanceText, call: Call) -> Undocumented:
    """Improve a post's text; publishes nothing. Costs 1 credit. Unconfirmed: the fields."""
    path = route("/ai/enhance" if args.own_ai_key else "/ai/enhance-content")
    return await call.post(path, args.body(), into=Undocumented)


@ai.tool(effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("buildImagePrompt",))
async def build_image_prompt(args: BuildImagePrompt, call: Call) -> Undocumented:
    """Turn a post's text into a prompt for create_image, which makes the image. Costs 1 credit.

    Unconfirmed: the fields.
    """
    return await call.post(route("/ai/build-image-prompt"), args.body(), into=Undocumented)


@ai.tool(effect=Effect.READS, operations=("validateBulkGenerate",))
async def check_bulk_generation(args: CheckBulkGeneration, call: Call) -> Undocumented:
    """Check whether the credits suffice for generating up to 50 posts; starts and costs nothing."""
    return await call.ask(route("/bulk-generate/validate"), args.body(), into=Undocumented)
