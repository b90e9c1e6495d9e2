"""Environment to one frozen `Settings`. The only module that reads the environment.

Nothing here has a default that sends anything: without a key, no request leaves. Every secret also
has a `_FILE` form. A message about a wrong setting names it and the remedy, never its value.
"""

import difflib
import logging
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from callpost.api import Api
from callpost.bounds import Bounds
from callpost.errors import SettingsError
from callpost.intent import scope_of
from callpost.pace import Limit
from callpost.upstream import LOOPBACK, Access

__all__ = ["NAMES", "Settings", "default_state_path", "read_settings"]

logger = logging.getLogger(__name__)

_LIMIT = re.compile(r"\s*([a-z]+\.[a-z_]+)\s*=\s*(\d+)\s*/\s*(\d+(?:\.\d+)?)\s*s?\s*")
_FALSE = {"", "0", "false", "no", "off"}
LONGEST_WAIT_S = 40.0
PREFIX = "CALLPOST_"


class Settings(BaseModel):
    """Everything the environment says."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    access: dict[str, Access]
    """By API name."""
    state: str
    """A path."""
    bounds: Bounds
    toolsets: tuple[str, ...]
    tools: tuple[str, ...]
    exclude_tools: tuple[str, ...]
    read_only: bool
    timeout_s: float
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    http_token: SecretStr | None
    """What a client of the HTTP transport must bring."""

    @property
    def keyed(self) -> frozenset[str]:
        """APIs whose key is set."""
        return frozenset(name for name, access in self.access.items() if access.key is not None)


def read_settings(apis: Iterable[Api], environ: Mapping[str, str] | None = None) -> Settings:
    """The settings, checked.

    Args:
        apis: The families' APIs; each adds its key, its URL and its options.
        environ: Instead of the process's environment.

    Raises:
        SettingsError: A value cannot be used, or a name beginning with CALLPOST_ is unknown.
    """
    env = os.environ if environ is None else environ
    apis = list(apis)
    _refuse_unknown(env)
    return Settings(
        access={api.name: _access(api, env) for api in apis},
        state=env.get("CALLPOST_STATE") or str(default_state_path(env)),
        bounds=Bounds(
            max_wait_s=_number(env, "CALLPOST_MAX_WAIT_S", 20.0, most=LONGEST_WAIT_S),
            settle_after_s=_number(env, "CALLPOST_SETTLE_AFTER_S", 60.0, most=3600.0),
            strict=_choice(env, "CALLPOST_SETTLE", ("look", "strict"), "look") == "strict",
            upload_folders=tuple(
                Path(folder).expanduser()
                for folder in env.get("CALLPOST_UPLOAD_DIRS", "").split(os.pathsep)
                if folder.strip() and not _is_unfilled(folder.strip())
            ),
            overrides=_limits(env, apis),
            options={
                name: env[name] for api in apis for name in api.options if env.get(name, "").strip()
            },
        ),
        toolsets=tuple(name.lower() for name in _names(env, "CALLPOST_TOOLSETS")),
        tools=_names(env, "CALLPOST_TOOLS"),
        exclude_tools=_names(env, "CALLPOST_EXCLUDE_TOOLS"),
        read_only=env.get("CALLPOST_READ_ONLY", "").strip().lower() not in _FALSE,
        timeout_s=_number(env, "CALLPOST_TIMEOUT_S", 20.0, least=0.1, most=LONGEST_WAIT_S),
        log_level=_log_level(env),
        http_token=_secret(env, "CALLPOST_HTTP_TOKEN"),
    )


def default_state_path(env: Mapping[str, str]) -> Path:
    """Where the ledger is kept unless CALLPOST_STATE says otherwise."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(env.get("XDG_STATE_HOME") or home / ".local" / "state")
    return base / "callpost" / "ledger.sqlite3"


NAMES = (
    "CALLPOST_STATE",
    "CALLPOST_TOOLSETS",
    "CALLPOST_TOOLS",
    "CALLPOST_EXCLUDE_TOOLS",
    "CALLPOST_READ_ONLY",
    "CALLPOST_MAX_WAIT_S",
    "CALLPOST_TIMEOUT_S",
    "CALLPOST_SETTLE",
    "CALLPOST_SETTLE_AFTER_S",
    "CALLPOST_UPLOAD_DIRS",
    "CALLPOST_LIMITS",
    "CALLPOST_LOG_LEVEL",
    "CALLPOST_HTTP_TOKEN",
    "CALLPOST_HTTP_TOKEN_FILE",
)
"""Every setting of the core; a name that is nearly one of these would be a silent mistake."""


def _refuse_unknown(env: Mapping[str, str]) -> None:
    for name in sorted(env):
        if name == "CALLPOST_POLICY" and env[name].strip():
            raise SettingsError(
                "CALLPOST_POLICY is set, but this version cannot enforce a policy file; it would "
                "promise what is not kept. Remove it, or use CALLPOST_READ_ONLY=1."
            )
        if name.startswith(PREFIX) and name not in NAMES and not _is_foreign(name):
            known = [setting.removeprefix(PREFIX) for setting in NAMES]
            near = difflib.get_close_matches(name.removeprefix(PREFIX), known, n=1, cutoff=0.8)
            if near:
                raise SettingsError(
                    f"{name} is not a setting of Callpost. Did you mean {PREFIX}{near[0]}?"
                )
            logger.warning("%s is not a setting of Callpost and was passed over", name)


def _is_foreign(name: str) -> bool:
    """Test and build switches, and the policy, which has its own message."""
    return name in {"CALLPOST_POLICY", "CALLPOST_SNAPSHOTS"} or name.startswith("CALLPOST_TEST_")


def _access(api: Api, env: Mapping[str, str]) -> Access:
    secret = _secret(env, api.key_name)
    base_url = _base_url(api, env.get(api.url_name, "").strip() or api.base_url)
    label = env.get(api.key_name.removesuffix("_KEY") + "_LABEL", "").strip()
    place = "" if base_url == api.base_url else base_url
    if label and not re.fullmatch(r"[A-Za-z0-9_]{1,32}", label):
        raise SettingsError(f"The label of {api.key_name} has 1 to 32 letters, digits or «_».")
    scope = label or scope_of(secret.get_secret_value() if secret else "", place)
    return Access(base_url=base_url, key=secret, scope=scope)


def _secret(env: Mapping[str, str], name: str) -> SecretStr | None:
    value, file = env.get(name, "").strip(), env.get(f"{name}_FILE", "").strip()
    if value and file:
        raise SettingsError(f"Both {name} and {name}_FILE are set; set one.")
    if file:
        try:
            value = Path(file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise SettingsError(f"The file that {name}_FILE names cannot be read.") from None
    if not value or _is_unfilled(value):
        return None
    if not value.isascii() or not value.isprintable() or " " in value:
        raise SettingsError(f"{name} has characters that no key has; copy it again.")
    return SecretStr(value)


def _is_unfilled(value: str) -> bool:
    """Desktop hosts pass their own placeholder where a person left a field empty."""
    return value.startswith("${") and value.endswith("}")


def _base_url(api: Api, given: str) -> str:
    wanted = f"{api.url_name} must be an https address such as {api.base_url}"
    try:
        parts = urlsplit(given.rstrip("/"))
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise SettingsError(f"{wanted}.") from None
    if not host or parts.scheme not in {"http", "https"} or parts.query or parts.fragment:
        raise SettingsError(f"{wanted}.")
    if parts.username or parts.password:
        raise SettingsError(f"{wanted}; the key goes into {api.key_name}, not into the address.")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise SettingsError(f"{wanted}; plain http is for loopback only.")
    path = parts.path.rstrip("/").removesuffix(api.url_suffix).rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}{api.url_suffix}"


def _number(
    env: Mapping[str, str], name: str, default: float, *, most: float, least: float = 0
) -> float:
    text = env.get(name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not least <= value <= most:
        raise SettingsError(f"{name} must be a number of seconds from {least:g} to {most:g}.")
    return value


def _choice(env: Mapping[str, str], name: str, choices: tuple[str, ...], default: str) -> str:
    value = env.get(name, "").strip().lower() or default
    if value not in choices:
        raise SettingsError(f"{name} must be one of: {', '.join(choices)}.")
    return value


def _log_level(env: Mapping[str, str]) -> Literal["DEBUG", "INFO", "WARNING", "ERROR"]:
    match env.get("CALLPOST_LOG_LEVEL", "").strip().upper():
        case "" | "WARNING":
            return "WARNING"
        case "DEBUG":
            return "DEBUG"
        case "INFO":
            return "INFO"
        case "ERROR":
            return "ERROR"
        case _:
            raise SettingsError("CALLPOST_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")


def _names(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[\s,]+", env.get(name, "")) if part)


def _limits(env: Mapping[str, str], apis: list[Api]) -> dict[str, Limit]:
    text = env.get("CALLPOST_LIMITS", "")
    known = {f"{api.name}.{name}" for api in apis for name in api.limits}
    found: dict[str, Limit] = {}
    for part in filter(str.strip, text.split(",")):
        match = _LIMIT.fullmatch(part)
        if match is None or match[1] not in known or int(match[2]) == 0:
            raise SettingsError(
                "CALLPOST_LIMITS must be like «vocobase.calls=20/60s, voxburst.requests=500/60s»; "
                f"there are: {', '.join(sorted(known))}."
            )
        found[match[1]] = Limit(int(match[2]), float(match[3]))
    return found
