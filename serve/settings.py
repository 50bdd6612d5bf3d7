"""The settings of the service, each declared once: its field here is its flag and its environment variable.

`max_items` is `--max-items` and `DETENTE_MAX_ITEMS`; a flag beats the environment. Knows names, ranges
and defaults. Does not know what the service does with them, and imports nothing heavy: `--help` reads it.
"""

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from models.errors import InputError

PREFIX = "DETENTE_"
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def _setting(default: Any, meaning: str, *, least: float | None = None, most: float | None = None) -> Any:
    return field(default=default, metadata={"meaning": meaning, "least": least, "most": most})


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """How the service runs. Sizes are in bytes, characters or tokens as named; times in seconds."""

    host: str = _setting("127.0.0.1", "address to listen on; only this machine reaches the default one")
    port: int = _setting(8000, "port to listen on; 0 takes a free one", least=0, most=65_535)
    model: str = _setting("", "bundle to serve and keep (default: the released one, followed when another is promoted)")
    axis: str = _setting("negotiation", "axis whose released bundle is served")
    registry: str = _setting("", "folder of released bundles and their history (default: the one of this installation)")
    threads: int = _setting(0, "threads of the engine; 0 takes all cores", least=0, most=1024)
    token: str = _setting("", "bearer token that clients must send (better in the environment than as a flag)")
    cors_origins: str = _setting("", "origins whose pages may call the service, separated by commas; * for any")
    max_body_bytes: int = _setting(2_000_000, "longest request body", least=1_000)
    max_items: int = _setting(128, "most statements in one request", least=1)
    max_text_chars: int = _setting(20_000, "longest statement", least=1, most=1_000_000)
    max_article_chars: int = _setting(100_000, "longest article of /v1/read", least=1, most=1_000_000)
    max_concurrent_requests: int = _setting(512, "requests at work or waiting; more are refused with 429", least=1)
    max_connections: int = _setting(2_048, "open connections; more are refused with 503", least=1)
    max_queue_tokens: int = _setting(65_536, "tokens that may wait for the model; more are refused with 429", least=256)
    max_batch_tokens: int = _setting(8_192, "tokens that the model is given at once", least=1)
    deadline: float = _setting(30.0, "a request that takes longer is answered with 503", least=0.05, most=3_600)
    read_timeout: float = _setting(20.0, "time for a request to arrive as a whole", least=0.05, most=3_600)
    keep_alive: int = _setting(75, "an idle connection is closed after this time", least=1, most=3_600)
    drain_delay: float = _setting(
        0.5, "time between unready and no new connections, when stopping", least=0.0, most=600
    )
    shutdown_timeout: int = _setting(20, "time for requests at work to finish, when stopping", least=0, most=3_600)
    swap_check: float = _setting(2.0, "how often to look for a newly promoted bundle", least=0.01, most=3_600)
    drift_window: int = _setting(5_000, "statements over which the label mix is compared", least=10)
    telemetry: bool = _setting(
        False, "send OpenTelemetry traces and metrics to OTEL_EXPORTER_OTLP_ENDPOINT (extra 'telemetry')"
    )
    log_level: str = _setting("info", "least serious log lines to write: debug, info, warning, error")

    def __post_init__(self) -> None:
        """Raises InputError for a value out of its range."""
        for one in fields(self):
            value = getattr(self, one.name)
            least, most = one.metadata["least"], one.metadata["most"]
            if (least is not None and not value >= least) or (most is not None and not value <= most):
                bounds = " and ".join(
                    f"{word} {bound:,}" for word, bound in (("at least", least), ("at most", most)) if bound is not None
                )
                raise InputError(f"{flag(one.name)} ({variable(one.name)}) must be {bounds}, not {value}")
        if self.log_level not in ("debug", "info", "warning", "error"):
            raise InputError(f"--log-level must be debug, info, warning or error, not {self.log_level!r}")
        if any(not "!" <= character <= "~" for character in self.token):
            raise InputError("--token (DETENTE_TOKEN) must be printable ASCII without spaces: others no header carries")


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    return PREFIX + name.upper()


def add_flags(parser: argparse.ArgumentParser) -> None:
    """A flag for each setting; one that is not given stays out of the result."""
    for one in fields(ServiceSettings):
        shown = "" if one.default in ("", False) else f" (default: {one.default})"
        text = f"{one.metadata['meaning']}{shown}; {variable(one.name)}".replace("%", "%%")
        if isinstance(one.default, bool):
            parser.add_argument(
                flag(one.name), action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text
            )
        else:
            metavar = one.name.upper()
            parser.add_argument(
                flag(one.name), type=type(one.default), default=argparse.SUPPRESS, help=text, metavar=metavar
            )


def settings_from(options: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> ServiceSettings:
    """Flags before environment before defaults. Raises InputError naming the variable that cannot be used."""
    chosen: dict[str, Any] = {}
    for one in fields(ServiceSettings):
        if hasattr(options, one.name):
            chosen[one.name] = getattr(options, one.name)
        elif environment.get(variable(one.name), "").strip():
            chosen[one.name] = _parsed(variable(one.name), environment[variable(one.name)].strip(), type(one.default))
    return ServiceSettings(**chosen)


def _parsed(name: str, text: str, kind: type) -> Any:
    if kind is bool:
        words = {
            "1": True,
            "true": True,
            "yes": True,
            "on": True,
            "0": False,
            "false": False,
            "no": False,
            "off": False,
        }
        if text.lower() not in words:
            raise InputError(f"{name} must be true or false, not {text!r}")
        return words[text.lower()]
    try:
        return kind(text)
    except ValueError:
        raise InputError(f"{name} must be a {'whole ' if kind is int else ''}number, not {text!r}") from None
