"""The documents of the knowledge base (contract tag Documents, section 5).

An upload has three documented steps: reserve, PUT the bytes, confirm. The path of the third was not
captured (`x-documented-operations-without-captured-path`), so it is not made up here.
"""

from typing import Annotated, ClassVar, Literal, cast

from pydantic import Field, computed_field

from callpost.errors import FieldProblem, InvalidArguments, Refused
from callpost.fields import NOT_IN_KEY, Id, Text
from callpost.toolset import Args, Call, Dedupe, Effect, LocalFile, Result, route
from callpost_vocobase.api import FAMILY
from callpost_vocobase.listing import Listed, Short
from callpost_vocobase.paging import Paged, next_cursor

__all__ = [
    "Document",
    "Documents",
    "GetDocument",
    "UploadDocument",
    "UploadedDocument",
    "get_document",
    "knowledge",
    "list_documents",
    "upload_document",
]

knowledge = FAMILY.toolset("knowledge", title="Knowledge base")

MOST_BYTES = 52_428_800
LONGEST_NAME = 100
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MimeType = Literal[
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "text/plain",
    "text/markdown",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
]
TAKEN = frozenset(
    {
        "application/pdf",
        WORD,
        "text/plain",
        "text/markdown",
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
    }
)
"""Operation createDocumentUpload, `mime_type`, with the size limit above."""

BY_NAME = {
    ("text/plain", "md"): "text/markdown",
    ("text/plain", "markdown"): "text/markdown",
    ("application/octet-stream", "md"): "text/markdown",
    ("application/octet-stream", "markdown"): "text/markdown",
    ("application/octet-stream", "txt"): "text/plain",
    ("application/zip", "docx"): WORD,
}
"""Kinds that content alone does not tell: Markdown is text, and a Word file is a ZIP file."""


class DocumentRow(Result):
    """A document as a list shows it."""

    id: str | None = None
    name: Short | None = None
    description: Short | None = None
    type: str | None = None
    status: str | None = None
    file_size: int | None = None
    mime_type: str | None = None
    agent_count: int | None = None
    created_at: str | None = None
    updated_at: str | None = None


class Documents(Listed):
    """A part of the documents."""

    items: tuple[DocumentRow, ...] = ()


class _DocumentPage(Result):
    documents: tuple[DocumentRow, ...] = ()
    total: int | None = None


class LinkedAgent(Result):
    """An agent that may use the document, and whether it is indexed for it."""

    id: str | None = None
    name: str | None = None
    sync_status: str | None = None


class Document(Result):
    """A document, whole."""

    id: str | None = None
    name: str | None = None
    description: str | None = None
    type: str | None = None
    status: str | None = None
    file_size: int | None = None
    mime_type: str | None = None
    download_url: str | None = None
    agents: tuple[LinkedAgent, ...] = ()
    created_at: str | None = None
    updated_at: str | None = None


class GetDocument(Args):
    """Which document."""

    document_id: Id


class UploadDocument(Args):
    """Which file, and what to call it."""

    path: Annotated[str, NOT_IN_KEY, Field(min_length=1, description="Local file")]
    name: Annotated[
        Annotated[Text, Field(min_length=1, max_length=LONGEST_NAME)] | None, NOT_IN_KEY
    ] = None

    def title(self, file: LocalFile) -> str:
        """What the document is called."""
        return self.name or file.name[:LONGEST_NAME]


class _Reserved(Result):
    """Where the bytes go.

    The address is kept in the ledger, because a resumed upload needs it: for 15 minutes it lets one
    object be written, and nothing be read.
    """

    upstream_id_field: ClassVar[str] = "document_id"

    document_id: str
    upload_url: str
    expires_in: int | None = None


class UploadedDocument(Result):
    """What became of an upload."""

    upstream_id_field: ClassVar[str] = "document_id"

    document_id: str
    name: str | None = None
    status: str | None = None
    mime_type: str | None = None
    file_size: int | None = None

    @computed_field
    @property
    def note(self) -> str | None:
        """What is left to do."""
        if self.status == "ready":
            return None
        return (
            "The bytes are sent. Poll get_document; agents can be linked once it is ready. If it "
            "stays «uploading», a person confirms it in the Vocobase dashboard: the path of that "
            "step is not public."
        )


@knowledge.tool(effect=Effect.READS, operations=("listDocuments",))
async def list_documents(args: Paged, call: Call) -> Documents:
    """List knowledge-base documents with their status; only ready ones can be linked."""
    page = await call.get(route("/documents"), into=_DocumentPage, query=args.page)
    rest = next_cursor(args, len(page.documents), page.total)
    return Documents(items=page.documents, total=page.total, next_cursor=rest)


@knowledge.tool(effect=Effect.READS, operations=("getDocument",))
async def get_document(args: GetDocument, call: Call) -> Document:
    """Get one document: status, linked agents, and a temporary download address."""
    return await call.get(route("/documents/{}", args.document_id), into=Document)


async def _content(args: UploadDocument, call: Call) -> dict[str, str]:
    file = await call.file(args.path)
    return {"name": args.title(file), "sha256": file.sha256}


@knowledge.tool(
    effect=Effect.CREATES,
    dedupe=Dedupe.CONTENT,
    key_material=_content,  # the same path may hold another text tomorrow
    operations=("createDocumentUpload",),
)
async def upload_document(args: UploadDocument, call: Call) -> UploadedDocument:
    """Upload a local PDF, Word, text, Markdown or image file (50 MB) to the knowledge base.

    Returns the document and its status; link it to agents when it is ready.
    """
    file = await call.file(args.path)
    kind = _kind(file)
    body = {"name": args.title(file), "file_size": file.size, "mime_type": kind}
    # Repeatable: only its answer has the upload address, and a reservation nobody fills is an empty
    # record in state «uploading» that no agent sees.
    reserved = await call.post(route("/documents/upload"), body, into=_Reserved, repeatable=True)
    try:
        await call.upload(reserved.upload_url, {"Content-Type": kind}, file)
    except Refused as fault:
        fault.next_step = (
            "The upload address lives 15 minutes; if it is older, call again with the next "
            "occurrence to reserve another."
        )
        raise
    now = await call.get(route("/documents/{}", reserved.document_id), into=Document)
    return UploadedDocument(
        document_id=reserved.document_id,
        name=now.name or args.title(file),
        status=now.status,
        mime_type=now.mime_type or kind,
        file_size=now.file_size or file.size,
    )


def _kind(file: LocalFile) -> MimeType:
    suffix = file.name.rpartition(".")[2].lower()
    kind = BY_NAME.get((file.media_type, suffix), file.media_type)
    problem = None
    if kind not in TAKEN:
        problem = "is none of PDF, Word (docx), text, Markdown, PNG, JPEG, GIF, WebP"
    elif not 1 <= file.size <= MOST_BYTES:
        problem = "is empty or larger than 50 MB"
    if problem:
        raise InvalidArguments(
            f"The file {problem}. Nothing was sent.", fields=(FieldProblem("path", problem),)
        )
    return cast("MimeType", kind)
