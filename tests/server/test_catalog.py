"""The catalogue: which tools are on, and what a wrong wish is answered with."""

import dataclasses

import pytest

from callpost.assembly import assemble
from callpost.catalog import Catalog, installed_families
from callpost.errors import SettingsError
from callpost.models import Args, Result
from callpost.toolset import Call, Dedupe, Effect, Family, route
from harness import harness

BOTH = {"VOCOBASE_API_KEY": "rg_live_x", "VOXBURST_API_KEY": "vb_live_x"}


def on(**environ: str) -> set[str]:
    return set(assemble(environ).tools)


def test_without_keys_the_tools_of_both_apis_are_listed() -> None:
    assert {"start_call", "create_post", "get_status"} <= on()


def test_with_one_key_only_that_apis_tools_are_listed() -> None:
    tools = on(VOXBURST_API_KEY="vb_live_x")
    assert {"create_post", "get_status"} <= tools
    assert "start_call" not in tools


def test_read_only_leaves_only_reads() -> None:
    callpost = assemble(BOTH | {"CALLPOST_READ_ONLY": "1", "CALLPOST_TOOLSETS": "all"})
    assert {tool.effect for tool in callpost.tools.values()} == {Effect.READS}


def test_toolsets_are_added_taken_away_and_chosen() -> None:
    default = on(**BOTH)
    assert on(**BOTH, CALLPOST_TOOLSETS="default") == default
    assert on(**BOTH, CALLPOST_TOOLSETS="+webhooks") > default
    assert "create_post" not in on(**BOTH, CALLPOST_TOOLSETS="-posts")
    assert {"start_call", "extract_call_data"} <= on(**BOTH, CALLPOST_TOOLSETS="calls")
    assert "create_post" not in on(**BOTH, CALLPOST_TOOLSETS="calls")
    assert on(**BOTH, CALLPOST_TOOLSETS="all") > on(**BOTH, CALLPOST_TOOLSETS="+webhooks")


def test_single_tools_are_added_and_taken_away() -> None:
    tools = on(**BOTH, CALLPOST_TOOLS="create_agent", CALLPOST_EXCLUDE_TOOLS="delete_post")
    assert "create_agent" in tools
    assert "delete_post" not in tools


@pytest.mark.parametrize(
    ("environ", "hint"),
    [
        ({"CALLPOST_TOOLSETS": "post"}, "Did you mean posts"),
        ({"CALLPOST_TOOLSETS": "+zzzz"}, "There are: default, all"),
        ({"CALLPOST_TOOLS": "creat_post"}, "Did you mean create_post"),
        ({"CALLPOST_EXCLUDE_TOOLS": "qqqqqqq"}, "no tool"),
    ],
)
def test_an_unknown_name_is_an_error_with_the_nearest(environ: dict[str, str], hint: str) -> None:
    with pytest.raises(SettingsError, match=hint):
        assemble(environ)


def test_a_state_that_cannot_be_a_path_is_named() -> None:
    with pytest.raises(SettingsError, match="CALLPOST_STATE"):
        assemble({"CALLPOST_STATE": "~no-such-user-here/ledger"})
    with pytest.raises(SettingsError, match="must be a path"):
        assemble({"CALLPOST_STATE": "postgresql://localhost/callpost"})


def test_two_tools_of_one_name_are_refused() -> None:
    families = installed_families()
    with pytest.raises(SettingsError, match="Two installed tools"):
        Catalog.of([families[0], families[0]])


async def test_a_third_partys_family_works_like_a_built_in_one() -> None:
    family = Family(dataclasses.replace(installed_families()[0].api, name="third"))
    echoes = family.toolset("echoes", title="Echoes", default=True)

    class Echo(Args):
        word: str

    class Echoed(Result):
        word: str = ""

    @echoes.tool(effect=Effect.READS, aliases=("say_again",))
    async def echo_word(args: Echo, call: Call) -> Echoed:
        """Say a word again."""
        del call
        return Echoed(word=args.word)

    async with harness(families=[family]) as h:
        assert (await h.run("say_again", {"word": "hey"}))["data"] == {"word": "hey"}
        assert h.callpost.catalog.nearest("echo_words") == "echo_word"
    assert echo_word.__name__ == "echo_word"


def test_a_write_without_a_dedupe_rule_cannot_be_declared() -> None:
    toolset = Family(installed_families()[0].api).toolset("x", title="X")

    async def create_thing(args: Args, call: Call) -> Result:
        raise NotImplementedError

    async def stands(args: Args, call: Call) -> bool:
        raise NotImplementedError

    with pytest.raises(TypeError, match="dedupe rule"):
        toolset.tool(effect=Effect.CREATES)(create_thing)
    with pytest.raises(TypeError, match="dedupe rule"):
        toolset.tool(effect=Effect.READS, dedupe=Dedupe.CONTENT)(create_thing)
    with pytest.raises(TypeError, match="stands"):
        toolset.tool(effect=Effect.SENDS, dedupe=Dedupe.BRIEF)(create_thing)
    with pytest.raises(TypeError, match="stands"):
        toolset.tool(effect=Effect.SENDS, dedupe=Dedupe.CONTENT, stands=stands)(create_thing)
    create_thing.__name__ = "x" * 41
    with pytest.raises(TypeError, match="at most 40"):
        toolset.tool(effect=Effect.CREATES, dedupe=Dedupe.CONTENT)(create_thing)


@pytest.mark.parametrize("effect", Effect)
def test_all_four_hints_are_stated(effect: Effect) -> None:
    assert set(effect.hints) == {
        "readOnlyHint",
        "destructiveHint",
        "idempotentHint",
        "openWorldHint",
    }


def test_a_path_is_made_of_whole_segments() -> None:
    assert route("/posts/{}/platforms/{}/fix", "a b", "c/d") == "/posts/a%20b/platforms/c%2Fd/fix"
    with pytest.raises(Exception, match="not an identifier"):
        route("/posts/{}", "..")
