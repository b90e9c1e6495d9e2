"""Know-how about posts: what to attach, what to read, what to begin with."""

from callpost.know_how import Choice, Guide, KnowHow, Prompt, PromptArgument, Resource
from callpost_voxburst.api import FAMILY

__all__: list[str] = []

_STATUSES = """\
A post is `draft`, `pending_approval`, `approved`, `scheduled`, `publishing`, then `published`,
`partial` or `failed`; or `cancelled`, `unpublished`, `archived`. `partial` means that some accounts
have it and some do not: `platforms` has a row for each, with its own status and error. `failed` and
`partial` can be repaired (retry_post, fix_post_target); only drafts and scheduled posts can be
edited, cancelled or deleted. Publishing takes up to 5 minutes as a rule; over 10 is a fault. The
service itself tries up to three times before it says `failed`."""

_MONEY = """\
Posting costs nothing beyond the plan (free, starter, pro, agency); `plan_limit` means the plan does
not include it, and no retry helps. AI tools spend credits, on success only: texts, image prompts
and enhancements 1 each, an image 5, a thread 2. AI needs Starter, approvals and personas Pro,
direct-message broadcasts Agency. Only the toolset `billing` moves real money."""

_UNKNOWNS = """\
VoxBurst remembers an idempotency key for 24 hours and answers a repetition from memory; Callpost
sends one with every write, and after 24 hours looks for the post before anything is sent again.
Sources disagree whether a post created without a date is a draft or is published at once, so
create_post always says which (`when`). Not documented: the text limits of most platforms
(validate_post asks the API), how far ahead or how soon a post may be scheduled, when queue slots
are, rules about duplicate content. First comments are silently left out where a platform has
none."""

_WEEK = """\
Plan a week of posts with me, and schedule it when I agree.

Theme: {theme}
Accounts: {account_ids}
Week: {week}

1. Look with list_accounts at what is connected and active, and with list_posts at what is planned
   already; look at get_analytics_overview for what worked.
2. Propose a table: day, time with time zone, account, text, media. Keep to each platform's limits;
   check the texts with validate_post.
3. Wait for my word. Then create one post per row with create_post and its `when`; on an error
   follow its `next_step`, and repeat only with exactly the same arguments.
4. Show me the list with ids and times, and how a post is cancelled."""

_FAILED = """\
Find posts that failed or went out only in part, and help me to repair them.

Since: {since}

1. List them with list_posts (status failed, then partial) and read each with get_post.
2. Sort by cause: expired connection (I have to reconnect the account), text or media refused (show
   me a corrected version), fault of the platform (retry_post may help).
3. Show me a table: post, account, cause, what you propose. Repair only what I agree to. Never post
   the text anew instead of repairing: the accounts that have it would have it twice."""

FAMILY.know_how = KnowHow(
    resources=(
        Resource(
            "posts",
            "A post",
            "Text, time and status of one post, for each account.",
            tool="get_post",
            argument="post_id",
        ),
    ),
    guides=(
        Guide("statuses", _STATUSES),
        Guide("money", _MONEY),
        Guide("unknowns", _UNKNOWNS),
    ),
    prompts=(
        Prompt(
            "plan_week_of_posts",
            "Plan a week of posts",
            "Propose a week of posts, check them, and schedule them after your word.",
            _WEEK,
            tools=("list_accounts", "create_post"),
            arguments=(
                PromptArgument("theme", "What the week is about"),
                PromptArgument("account_ids", "The accounts to post to", otherwise="ask me which"),
                PromptArgument("week", "Which week", otherwise="the next seven days"),
            ),
        ),
        Prompt(
            "follow_up_failed_posts",
            "Follow up on failed posts",
            "Find posts that failed, sort them by cause, and repair what you agree to.",
            _FAILED,
            tools=("list_posts", "get_post"),
            arguments=(PromptArgument("since", "From which day", otherwise="the last 7 days"),),
        ),
    ),
    choices=(
        Choice("account_ids", tool="list_accounts", label="display_name"),
        Choice("account_id", tool="list_accounts", label="display_name"),
        Choice("posts", tool="list_posts", label="content"),
    ),
)
