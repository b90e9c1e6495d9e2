"""Know-how about calls: what to attach, what to read, what to begin with."""

from callpost.know_how import Choice, Guide, KnowHow, Prompt, PromptArgument, Resource
from callpost_vocobase.api import FAMILY

__all__: list[str] = []

_STATUSES = """\
A call is `pending`, `ringing`, then `in_progress`; it ends as `completed`, `failed`, `no_answer`,
`busy` or `canceled`. Voicemail is no status: such a call reads `completed`, and `disposition` and
`answered_by` tell. After the end the recording and the extraction are still worked on; only
`is_final` means that nothing will change any more. Nothing hangs up a call that was started: only
the agent, the other side or the agent's longest duration ends it."""

_MONEY = """\
Every key is live: each call that is answered is charged, in rupees, when it ends. Talk is counted
in blocks of 15 s, rounded up: Rs 3.60 a minute (VA 1) or Rs 4.60 (VA 1 Pro) unless other rates were
agreed; the carrier charges its own price on top. Calls that nobody answers, and busy ones, cost
nothing. With no balance new calls are refused (`insufficient_balance`, or `forbidden`); there is no
way to top up through the API. Extraction repeats and browser sessions have no known price."""

_UNKNOWNS = """\
Vocobase knows no idempotency key and no reference of the caller, and its list of calls cannot be
searched by number: after a lost answer Callpost looks through that list for the call (same number,
same agent, created around the send) before it dials again. Not documented either: calling hours,
consent or do-not-call checks (none may be assumed), how long a number rings, whether the list of
calls lags, how long transcripts and recordings are kept. At most 5 calls are active at once unless
the account has another limit (get_call_capacity tells); reads of calls share 10 requests a minute
with starts, so wait with wait_for_call instead of asking again and again."""

_LIST = """\
Call the people below, one call each, with the tool start_call, and then tell me how each went.

People (name and number): {people}
What the calls are for: {purpose}
Agent: {agent_id}

1. Look with get_status whether the key works and the balance is enough, and with get_agent which
   `variables` the agent wants. Show me the list with normalised numbers and the agent, and wait for
   my word before the first call: every answered call costs money and cannot be taken back.
2. Start the calls in the order of the list. On an error follow its `next_step`; repeat a start only
   with exactly the same arguments. Never start a call to anybody who is not on the list.
3. Follow the calls with wait_for_call until each is final.
4. Give me a table: name, number, outcome, what was said in one sentence, what should happen next.
   Ask me before anybody is called again (that needs `occurrence: 2`)."""

_AGENT = """\
Help me to set up a call agent with the tool create_agent.

What its calls are for: {purpose}
Voice: {voice_id}

1. Ask me what is missing: who is called, what has to be found out, what the agent must never say or
   promise, what it says on voicemail, when it hands over to a person.
2. Choose a voice of list_voices that fits the language, unless one is given.
3. Show me the whole prompt, the first sentence, and the `variables` it needs. Create the agent when
   I agree. Do not start a call."""

FAMILY.know_how = KnowHow(
    resources=(
        Resource(
            "calls",
            "A call",
            "Outcome, transcript and cost of one call.",
            tool="get_call",
            argument="call_id",
        ),
    ),
    guides=(
        Guide("statuses", _STATUSES),
        Guide("money", _MONEY),
        Guide("unknowns", _UNKNOWNS),
    ),
    prompts=(
        Prompt(
            "run_call_list",
            "Run a call list",
            "Call several people with one agent, each once, and report how it went.",
            _LIST,
            tools=("start_call", "wait_for_call"),
            arguments=(
                PromptArgument("people", "Names and numbers, as you have them"),
                PromptArgument("purpose", "What the calls are for"),
                PromptArgument(
                    "agent_id",
                    "The agent that speaks",
                    otherwise="choose with list_agents; ask me if more than one fits",
                ),
            ),
        ),
        Prompt(
            "set_up_call_agent",
            "Set up a call agent",
            "Write the prompt of a voice agent together, choose its voice, create it.",
            _AGENT,
            tools=("create_agent", "list_voices"),
            arguments=(
                PromptArgument("purpose", "What its calls are for"),
                PromptArgument("voice_id", "The voice", otherwise="propose two or three"),
            ),
        ),
    ),
    choices=(
        Choice("agent_id", tool="list_agents", label="agent_name"),
        Choice("voice_id", tool="list_voices", label="name", identifier="voice_id"),
        Choice("calls", tool="list_calls", label="to_number", identifier="call_id"),
    ),
)
