"""Documents, their links to agents, and folders (vocobase.md section 5).

The confirming step of an upload has no captured path, so it answers 404 here like everything that
is not in the contract; the sandbox confirms by itself when the bytes have arrived.
"""

from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response

from callpost_sandbox.vocobase.ask import Ask, Body, Operation, conflict, invalid, not_found, ok
from callpost_sandbox.vocobase.calls import agent_of
from callpost_sandbox.vocobase.state import Link, Record, State
from callpost_sandbox.vocobase.storage import UPLOAD_LIVES_S, reserve
from callpost_sandbox.webhooks import iso

__all__ = ["OPERATIONS"]

PROCESSING_S = 4.0
INDEXING_S = 3.0
_MOST_LINKED = 100
_MOST_BYTES = 52_428_800
_TYPES = {
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "text/plain": "txt",
    "text/markdown": "md",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
}


class _Upload(Body):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    file_size: Annotated[int, Field(ge=1, le=_MOST_BYTES)]
    mime_type: Literal[
        "application/pdf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "text/plain",
        "text/markdown",
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
    ]


class _Link(Body):
    document_ids: Annotated[list[str], Field(min_length=1, max_length=20)]


class _Folder(Body):
    name: Annotated[str, Field(max_length=100)]
    description: str | None = None


class _FolderDocuments(Body):
    document_ids: list[str]


async def _list(ask: Ask) -> Response:
    state = ask.state

    def show(document: Record) -> Record:
        count = len(_agents_of(state, document["id"]))
        return {**_view(state, document), "agent_count": count}

    return ask.paged("documents", list(reversed(state.documents.values())), show)


async def _get(ask: Ask) -> Response:
    state = ask.state
    document = _document(state, ask.path("id"))
    agents = [
        {"id": agent_id, "name": state.agents[agent_id]["agent_name"], "sync_status": sync}
        for agent_id, sync in _agents_of(state, document["id"]).items()
    ]
    url = f"{ask.origin}/storage/files/{document['token']}"
    return ok({**_view(state, document), "download_url": url, "agents": agents})


async def _upload(ask: Ask) -> Response:
    body = await ask.body(_Upload)
    state = ask.state
    now = state.stamp()
    document: Record = {
        "id": state.new_id(),
        "name": body.name,
        "description": None,
        "type": _TYPES[body.mime_type],
        "file_size": body.file_size,
        "mime_type": body.mime_type,
        "created_at": now,
        "updated_at": now,
        "uploaded_at": None,
    }
    path = reserve(state, document, mime_type=body.mime_type, size=body.file_size)
    state.documents[document["id"]] = document
    state.journal.did("document", document["id"])
    url = ask.origin + path
    answer = {"document_id": document["id"], "upload_url": url, "expires_in": UPLOAD_LIVES_S}
    return ok(answer, 201)


async def _list_linked(ask: Ask) -> Response:
    state = ask.state
    agent = agent_of(state, ask.path("id"))
    rows: list[Record] = []
    for document_id, link in state.agent_documents.get(agent["id"], {}).items():
        document = state.documents[document_id]
        sync = _sync(state, link)
        row = {name: document[name] for name in ("id", "name", "type", "file_size")}
        row["status"] = _status(state, document)
        row["sync_status"] = sync
        row["synced_at"] = iso(link.wall + INDEXING_S) if sync == "synced" else None
        row["linked_at"] = iso(link.wall)
        rows.append(row)
    return ok({"documents": rows, "total": len(rows)})


async def _link(ask: Ask) -> Response:
    state = ask.state
    agent = agent_of(state, ask.path("id"))
    wanted = list(dict.fromkeys((await ask.body(_Link)).document_ids))
    for document_id in wanted:
        if _status(state, _document(state, document_id)) != "ready":
            raise invalid("document_ids: a document is not ready")
    links = state.agent_documents.setdefault(agent["id"], {})
    fresh = [document_id for document_id in wanted if document_id not in links]
    if len(links) + len(fresh) > _MOST_LINKED:
        raise invalid(f"document_ids: an agent holds at most {_MOST_LINKED} documents")
    links |= dict.fromkeys(fresh, Link(state.clock.now(), state.clock.wall()))
    linked = [{"document_id": document_id, "sync_status": "pending"} for document_id in fresh]
    return ok({"linked": linked, "skipped": [one for one in wanted if one not in fresh]})


async def _unlink(ask: Ask) -> Response:
    agent = agent_of(ask.state, ask.path("id"))
    links = ask.state.agent_documents.get(agent["id"], {})
    if links.pop(ask.path("document_id"), None) is None:
        raise not_found("Linked document")
    return ok({"message": "Document unlinked"})


async def _create_folder(ask: Ask) -> Response:
    body = await ask.body(_Folder)
    state = ask.state
    if any(folder["name"] == body.name for folder in state.folders.values()):
        raise conflict("A folder with this name already exists")
    now = state.stamp()
    folder: Record = {
        "id": state.new_id(),
        "name": body.name,
        "description": body.description,
        "document_count": 0,
        "agent_count": 0,
        "created_at": now,
        "updated_at": now,
    }
    state.folders[folder["id"]] = folder
    state.journal.did("folder", folder["id"])
    return ok(folder, 201)


async def _fill_folder(ask: Ask) -> Response:
    state = ask.state
    folder = state.folders.get(ask.path("id"))
    if folder is None:
        raise not_found("Folder")
    wanted = (await ask.body(_FolderDocuments)).document_ids
    for document_id in wanted:
        _document(state, document_id)
    held = state.folder_documents.setdefault(folder["id"], [])
    fresh = [one for one in dict.fromkeys(wanted) if one not in held]
    held += fresh
    folder["document_count"] = len(held)
    folder["updated_at"] = state.stamp()
    return ok({"added": len(fresh), "folder": folder})


def _document(state: State, document_id: str) -> Record:
    document = state.documents.get(document_id)
    if document is None:
        raise not_found("Document")
    return document


def _status(state: State, document: Record) -> str:
    if document["uploaded_at"] is None:
        return "uploading"
    done = state.clock.now() >= document["uploaded_at"] + PROCESSING_S
    return "ready" if done else "processing"


def _sync(state: State, link: Link) -> str:
    return "synced" if state.clock.now() >= link.at + INDEXING_S else "pending"


def _view(state: State, document: Record) -> Record:
    hidden = ("token", "uploaded_at")
    view = {name: value for name, value in document.items() if name not in hidden}
    return {**view, "status": _status(state, document)}


def _agents_of(state: State, document_id: str) -> dict[str, str]:
    return {
        agent_id: _sync(state, links[document_id])
        for agent_id, links in state.agent_documents.items()
        if document_id in links
    }


OPERATIONS = (
    Operation("GET", "/documents", _list),
    Operation("POST", "/documents/upload", _upload),
    Operation("GET", "/documents/{id}", _get),
    Operation("GET", "/agent/{id}/documents", _list_linked),
    Operation("POST", "/agent/{id}/documents", _link),
    Operation("DELETE", "/agent/{id}/documents/{document_id}", _unlink),
    Operation("POST", "/document-folders", _create_folder),
    Operation("POST", "/document-folders/{id}/documents", _fill_folder),
)
