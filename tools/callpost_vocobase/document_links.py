"""Which agents know which documents, directly or by folder (contract tag Agent documents)."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from callpost.errors import Refused
from callpost.fields import Id, Text, unordered
from callpost.toolset import Args, Call, Dedupe, Effect, Result, route
from callpost_vocobase.documents import knowledge
from callpost_vocobase.listing import Listed, Short, slice_of
from callpost_vocobase.paging import Paged

__all__ = [
    "AddFolderDocuments",
    "AgentDocuments",
    "CreateDocumentFolder",
    "DocumentFolder",
    "LinkAgentDocuments",
    "LinkedDocuments",
    "ListAgentDocuments",
    "UnlinkAgentDocument",
    "add_folder_documents",
    "create_document_folder",
    "link_agent_documents",
    "list_agent_documents",
    "unlink_agent_document",
]


class ListAgentDocuments(Paged):
    """Whose documents."""

    agent_id: Id


class LinkedDocument(Result):
    """A document an agent may use."""

    id: str | None = None
    name: Short | None = None
    type: str | None = None
    status: str | None = None
    file_size: int | None = None
    sync_status: str | None = None
    synced_at: str | None = None
    linked_at: str | None = None


class AgentDocuments(Listed):
    """A part of an agent's documents."""

    items: tuple[LinkedDocument, ...] = ()


class _Links(Result):
    documents: tuple[LinkedDocument, ...] = ()
    total: int | None = None


@knowledge.tool(effect=Effect.READS, operations=("listAgentDocuments",))
async def list_agent_documents(args: ListAgentDocuments, call: Call) -> AgentDocuments:
    """List the documents linked to an agent and how far each is indexed for it."""
    links = await call.get(route("/agent/{}/documents", args.agent_id), into=_Links)
    items, rest = slice_of(links.documents, args)
    return AgentDocuments(items=items, total=links.total or len(links.documents), next_cursor=rest)


class LinkAgentDocuments(Args):
    """Which documents for which agent."""

    agent_id: Id
    document_ids: Annotated[tuple[Id, ...], unordered, Field(min_length=1, max_length=20)]


class NewLink(Result):
    """A link just made."""

    document_id: str | None = None
    sync_status: str | None = None


class LinkedDocuments(Result):
    """Which links are new, and which documents were linked already."""

    linked: tuple[NewLink, ...] = ()
    skipped: tuple[str, ...] = ()


@knowledge.tool(effect=Effect.CREATES, dedupe=Dedupe.INVOCATION, operations=("linkAgentDocuments",))
async def link_agent_documents(args: LinkAgentDocuments, call: Call) -> LinkedDocuments:
    """Let an agent use ready documents (at most 100 per agent); indexing follows on its own."""
    # Repeatable: existing links are skipped (documented).
    return await call.post(
        route("/agent/{}/documents", args.agent_id),
        {"document_ids": list(args.document_ids)},
        into=LinkedDocuments,
        repeatable=True,
    )


class UnlinkAgentDocument(Args):
    """Which link."""

    agent_id: Id
    document_id: Id


class Unlinked(Result):
    """What Vocobase says to it."""

    message: str | None = None


@knowledge.tool(
    effect=Effect.DELETES, dedupe=Dedupe.INVOCATION, operations=("unlinkAgentDocument",)
)
async def unlink_agent_document(args: UnlinkAgentDocument, call: Call) -> Unlinked:
    """Stop an agent from using a document; the document stays. Unconfirmed: path inferred."""
    path = route("/agent/{}/documents/{}", args.agent_id, args.document_id)
    return await call.delete(path, into=Unlinked)


class CreateDocumentFolder(Args):
    """What the folder is called."""

    name: Annotated[Text, Field(min_length=1, max_length=100)]
    description: Text | None = None

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        return self.given()


class DocumentFolder(Result):
    """A folder of documents."""

    unstored: ClassVar[frozenset[str]] = frozenset({"description"})

    id: str
    name: str | None = None
    description: str | None = None
    document_count: int | None = None
    agent_count: int | None = None
    created_at: str | None = None
    updated_at: str | None = None


@knowledge.tool(effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("createDocumentFolder",))
async def create_document_folder(args: CreateDocumentFolder, call: Call) -> DocumentFolder:
    """Create a folder of documents under a name of its own."""
    try:
        # Repeatable: names are unique per account, so a second one is refused, never made.
        return await call.post(
            route("/document-folders"), args.body(), into=DocumentFolder, repeatable=True
        )
    except Refused as fault:
        if fault.code == "conflict":
            fault.next_step = (
                "A folder of this name exists, perhaps from an earlier try. Ask the person for its "
                "identifier (dashboard; no list of folders is public) or choose another name."
            )
        raise


class AddFolderDocuments(Args):
    """Which documents into which folder."""

    folder_id: Id
    document_ids: Annotated[tuple[Id, ...], unordered, Field(min_length=1)]


class FolderFilled(Result):
    """The answer's shape was not captured; the ids are those of the request."""

    folder_id: str | None = None
    document_ids: tuple[str, ...] = ()
    message: str | None = None


@knowledge.tool(effect=Effect.CREATES, dedupe=Dedupe.INVOCATION, operations=("addFolderDocuments",))
async def add_folder_documents(args: AddFolderDocuments, call: Call) -> FolderFilled:
    """Put documents into a folder, and so into reach of every agent linked to the folder."""
    # Repeatable: a folder holds a document or does not; nobody is reached and nothing is charged.
    answer = await call.post(
        route("/document-folders/{}/documents", args.folder_id),
        {"document_ids": list(args.document_ids)},
        into=FolderFilled,
        repeatable=True,
    )
    told = {"folder_id": args.folder_id, "document_ids": args.document_ids}
    return answer.model_copy(update=told)
