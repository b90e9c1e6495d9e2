"""People and direct messages: contacts, sequences, broadcasts (the latter two need Agency).

Their write paths are not in the contract, so they are read only here.
"""

from callpost_sandbox.voxburst import platforms
from callpost_sandbox.voxburst.answers import Answer, Json, numbered_page
from callpost_sandbox.voxburst.call import Call, Operation

__all__ = ["OPERATIONS"]


def _contacts(call: Call) -> Answer:
    platform = call.choice("platform", platforms.CONSTANTS)
    search = call.query.get("search", "").lower()
    tags = {tag for tag in call.query.get("tags", "").split(",") if tag}

    def fits(contact: Json) -> bool:
        names = f"{contact['displayName'] or ''}\n{contact['username'] or ''}".lower()
        return (
            platform in (None, contact["platform"])
            and search in names
            and tags <= set(contact["tags"])
        )

    found = [contact for contact in call.state.contacts if fits(contact)]
    return Answer(200, numbered_page(call.query, found, "contacts"))


def _sequences(call: Call) -> Answer:
    call.state.need_plan("agency", "dm_sequences")
    shown = [found for found in call.state.sequences if found["status"] != "ARCHIVED"]
    return Answer(200, numbered_page(call.query, shown, "sequences"))


def _broadcasts(call: Call) -> Answer:
    call.state.need_plan("agency", "dm_broadcasts")
    return Answer(200, numbered_page(call.query, call.state.broadcasts, "broadcasts"))


OPERATIONS = (
    Operation("GET", "/contacts", _contacts),
    Operation("GET", "/sequences", _sequences),
    Operation("GET", "/broadcasts", _broadcasts),
)
