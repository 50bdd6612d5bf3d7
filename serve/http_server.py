"""Runs the application: socket, signals, an orderly end, and limits on connections.

On SIGTERM or SIGINT the service says that it is not ready, goes on for a moment so that whoever spreads
the load can look elsewhere, takes no more connections, finishes what it took, and returns. A second
signal ends at once.
"""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from models.errors import InputError
from serve.connection_limits import limited_protocol
from serve.http_app import create_app
from serve.model_slot import ModelSlot
from serve.request_log import log, log_to_stderr
from serve.settings import ServiceSettings
from serve.stance_service import StanceService

_BACKLOG = 1024


def serve(settings: ServiceSettings) -> None:
    """Serves until a signal. Raises BundleError, or InputError where it cannot listen."""
    log_to_stderr(settings.log_level)
    listener = _listen(settings)
    slot = ModelSlot(
        model=Path(settings.model) if settings.model else None,
        axis=settings.axis,
        registry=Path(settings.registry) if settings.registry else None,
        threads=settings.threads,
    )
    app = create_app(settings, slot)
    config = uvicorn.Config(
        app,
        http=limited_protocol(settings),
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=settings.keep_alive,
        timeout_graceful_shutdown=settings.shutdown_timeout,
        backlog=_BACKLOG,
    )
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    server = DrainingServer(config, app.state.service, address)
    server.run(sockets=[listener])
    if not app.state.service.idle:
        # Python would wait for the threads that an abandoned request left at work.
        logging.shutdown()
        os._exit(0)


def _listen(settings: ServiceSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
    except OSError as fault:
        raise InputError(
            f"cannot listen on {settings.host}:{settings.port}: {fault.strerror or fault}; "
            "choose another with --host and --port"
        ) from None


class DrainingServer(uvicorn.Server):
    """Stops in steps, and returns where uvicorn would end by the signal."""

    def __init__(self, config: uvicorn.Config, service: StanceService, address: str) -> None:
        super().__init__(config)
        self._service, self._address = service, address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        log(logging.INFO, "listening", address=self._address, model=self._service.slot.current.version)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        log(logging.INFO, "stopped", unfinished=self._service.in_flight)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        signals = (signal.SIGTERM, signal.SIGINT)
        for one in signals:
            loop.add_signal_handler(one, self._stop, one.name)
        try:
            yield
        finally:
            for one in signals:
                loop.remove_signal_handler(one)
                signal.signal(one, signal.SIG_IGN)  # it is ending: one more must not turn its exit code into a death

    def _stop(self, name: str) -> None:
        if self._service.draining:
            self.force_exit = self.should_exit = True
            return
        self._service.draining = True
        log(logging.INFO, "stopping", signal=name, requests=self._service.in_flight)
        asyncio.get_running_loop().call_later(self._service.settings.drain_delay, self._close)

    def _close(self) -> Any:
        self.should_exit = True
