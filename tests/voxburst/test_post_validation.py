from harness import harness
from voxburst.world import accounts, bodies, posted


async def test_validated_post_that_a_platform_refuses_is_not_created() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter", "instagram")
        arguments = {"content": "Hi", "account_ids": ids, "when": "now", "validate": True}
        error = (await h.run("create_post", arguments))["error"]
        assert error["code"] == "invalid_arguments"
        assert error["fields"][0] == {"path": "media_ids", "problem": "instagram: MEDIA_REQUIRED"}
        assert posted(h) == 0


async def test_validated_post_too_long_for_one_account_is_not_even_asked_about() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        arguments = {
            "content": "x" * 281,
            "account_ids": ids,
            "when": "draft",
            "validate": True,
        }
        error = (await h.run("create_post", arguments))["error"]
        assert "280" in error["fields"][0]["problem"]
        assert h.voxburst.sent("POST", "/validate") == []


async def test_validated_override_is_checked_with_its_own_text() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter", "linkedin")
        arguments = {
            "content": "x" * 281,
            "account_ids": ids,
            "when": "draft",
            "platform_overrides": [{"platform": "twitter", "content": "short"}],
            "validate": True,
        }
        assert (await h.run("create_post", arguments))["ok"]
        asked = {body["content"]: body["platforms"] for body in bodies(h, "/validate")}
        assert asked == {"short": ["TWITTER"], "x" * 281: ["LINKEDIN"]}


async def test_validated_post_from_an_unknown_account_is_refused() -> None:
    async with harness() as h:
        arguments = {
            "content": "Hi",
            "account_ids": ["c" + "0" * 24],
            "when": "draft",
            "validate": True,
        }
        error = (await h.run("create_post", arguments))["error"]
        assert error["fields"][0]["path"] == "account_ids"
        assert posted(h) == 0


async def test_verdict_is_one_a_platform_whatever_casings_come() -> None:
    async with harness() as h:
        arguments = {"content": "x" * 290, "platforms": ["x", "Twitter", "instagram"]}
        data = (await h.run("validate_post", arguments))["data"]
        assert not data["valid"]
        codes = {one["platform"]: [e["code"] for e in one["errors"]] for one in data["platforms"]}
        assert codes == {"twitter": ["CONTENT_TOO_LONG"], "instagram": ["MEDIA_REQUIRED"]}


async def test_file_that_is_not_uploaded_yet_is_described_to_the_check() -> None:
    async with harness() as h:
        arguments = {
            "content": "Hi",
            "platforms": ["instagram"],
            "media": [{"type": "image", "mime_type": "image/png", "size_bytes": 5}],
            "platform_overrides": [{"platform": "instagram", "settings_json": "{}"}],
            "first_comment": "first",
        }
        assert (await h.run("validate_post", arguments))["ok"]
        assert bodies(h, "/validate") == [
            {
                "content": "Hi",
                "platforms": ["INSTAGRAM"],
                "media": [{"type": "image", "mimeType": "image/png", "sizeBytes": 5}],
                "firstComment": "first",
                "platformMetadata": {"INSTAGRAM": {}},
            }
        ]


async def test_check_leaves_nothing_behind() -> None:
    async with harness() as h:
        for _ in range(2):
            answer = await h.run("validate_post", {"content": "Hi", "platforms": ["twitter"]})
            assert answer["data"]["valid"]
        assert len(h.voxburst.sent("POST", "/validate")) == 2
        assert posted(h) == 0
