"""What is there at the start. Every id is the same in every run."""

from callpost_sandbox.voxburst.hashtags import hashtag_set
from callpost_sandbox.voxburst.personas import persona
from callpost_sandbox.voxburst.records import Account
from callpost_sandbox.voxburst.state import State, stamp
from callpost_sandbox.voxburst.values import fixed_id

__all__ = ["ACCOUNT_IDS", "seed"]

_PLATFORMS = ("twitter", "linkedin", "instagram", "facebook", "bluesky")
ACCOUNT_IDS = {platform: fixed_id(f"account:{platform}") for platform in _PLATFORMS}
"""Ids of the seeded accounts by platform slug."""
_MONTH_S = 30 * 86_400.0


def seed(state: State) -> None:
    """Fill an empty world."""
    then = state.now() - _MONTH_S
    for number, (platform, account_id) in enumerate(ACCOUNT_IDS.items()):
        state.accounts[account_id] = Account(
            id=account_id,
            platform=platform,
            username=f"sandbox_{platform}",
            display_name=f"Sandbox on {platform.capitalize()}",
            connected_at=then,
            account_type="personal" if platform in ("twitter", "bluesky") else "business",
            followers=1_200 + 100 * number,
        )
    facebook = state.accounts[ACCOUNT_IDS["facebook"]]
    facebook.pages = [
        {"id": "101", "name": "Sandbox Bakery"},
        {"id": "102", "name": "Sandbox Bakery Annex"},
    ]
    facebook.page_id = "101"
    linkedin = state.accounts[ACCOUNT_IDS["linkedin"]]
    linkedin.pages = [{"id": "201", "name": "Sandbox Inc."}]
    linkedin.extra = {"needsOrgScopeReauth": False}
    state.accounts[ACCOUNT_IDS["instagram"]].extra = {"oauthVersion": "fb_login"}

    voice = persona(fixed_id("persona"), "House voice", "Plain and warm", "x", then)
    state.personas[voice["id"]] = voice
    tags = hashtag_set(fixed_id("hashtag-set"), "Launch", ["launch", "news"], then)
    state.hashtag_sets[tags["id"]] = tags
    state.workflows[fixed_id("workflow")] = {
        "id": fixed_id("workflow"),
        "name": "One look",
        "steps": [
            {"order": 1, "role": "Editor", "approverIds": [state.member_id], "required": True}
        ],
    }
    _seed_audience(state, then)


def _seed_audience(state: State, then: float) -> None:
    common = {
        "workspaceId": state.workspace_id,
        "createdAt": stamp(then),
        "updatedAt": stamp(then),
    }
    for name, platform in (("Ada", "INSTAGRAM"), ("Grace", "FACEBOOK"), ("Edsger", "INSTAGRAM")):
        state.contacts.append(
            {
                "id": fixed_id(f"contact:{name}"),
                "platform": platform,
                "platformId": fixed_id(name)[1:11],
                "displayName": name,
                "username": name.lower(),
                "avatarUrl": None,
                "tags": ["customer"] if name == "Ada" else [],
                "customFields": {},
                "lastSeenAt": None,
                **common,
            }
        )
    for name, status in (("Welcome", "ACTIVE"), ("Old welcome", "ARCHIVED")):
        sequence_id = fixed_id(f"sequence:{name}")
        step = {"id": fixed_id(f"step:{name}"), "sequenceId": sequence_id, "stepOrder": 1}
        state.sequences.append(
            {
                "id": sequence_id,
                "name": name,
                "enrollmentRules": {},
                "exitOnReply": True,
                "status": status,
                "steps": [{**step, "messageTemplate": "Hello!", "delayHours": 0}],
                **common,
            }
        )
    state.broadcasts.append(
        {
            "id": fixed_id("broadcast"),
            "name": "Opening hours",
            "messageTemplate": "We open at nine.",
            "platforms": ["INSTAGRAM"],
            "segmentRules": {"platforms": ["INSTAGRAM"]},
            "status": "DRAFT",
            "totalContacts": 0,
            "scheduledFor": None,
            "sentAt": None,
            **common,
        }
    )
