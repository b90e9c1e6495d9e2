"""The core's own part of the know-how: what holds for both APIs because Callpost makes it so."""

from callpost.know_how import Guide, KnowHow, Resource

__all__ = ["CORE_KNOW_HOW"]

_STATUSES = """\
Every answer says `ok`. On an error, `side_effect` says what the world looks like: `none` (nothing
happened), `done` (something did, as the message says), `unknown` (nobody knows yet).
`receipt.replayed: true` means: it had been done before, at `done_at`, and was not done again now.
An intent is open while its request was sent and its outcome is unknown; get_status lists those."""

_MONEY = """\
Reads cost nothing. A retry with the same arguments costs nothing, because it does nothing again.
Whatever moves money by itself (plans, add-ons) is in the toolset `billing`, which is never on
unless somebody switched it on."""

_UNKNOWNS = """\
`outcome_unknown` means: the request left, its answer was lost, and looking did not decide yet.
Wait `retry_after_s`, then call again with the same arguments: it looks first, and acts only once it
is sure that nothing happened. Do not act in another way meanwhile, such as with other arguments or
in the vendor's own interface: Callpost cannot know about that."""

_RETRIES = """\
Call again with exactly the same arguments, as often as needed: the same tool with the same
arguments is the same intent for 24 hours, and is done once. Notation does not matter (spaces in a
number, another offset of the same instant, the order of account ids); content does.

`occurrence` is for doing the very same thing again on purpose, such as redialling somebody who did
not answer: 2, then 3. Leave it out otherwise, on retries too.

`retry` in an error says what helps: `same_arguments` (after `retry_after_s` where it is given),
`after_fix` (correct the fields named), `never` (tell the person). After `rate_limited`, waiting
exactly the stated seconds is enough; trying earlier only wastes turns.

A trigger (publish, retry, refresh, approve) repeated within minutes is a retry as long as its
effect still stands; setting something to a value (update, select, assign) may always be
repeated."""

CORE_KNOW_HOW = KnowHow(
    resources=(
        Resource(
            "status",
            "Status",
            "Keys, balance, plan, limits, and what was sent without a known outcome.",
            tool="get_status",
        ),
    ),
    guides=(
        Guide("statuses", _STATUSES),
        Guide("money", _MONEY),
        Guide("unknowns", _UNKNOWNS),
        Guide("retries", _RETRIES),
    ),
)
