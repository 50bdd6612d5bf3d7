"""`detente serve`: the HTTP service."""

import argparse

from serve.settings import add_flags

HELP = "serve over HTTP: text-embeddings-inference, Hugging Face, our own API, and a page for the browser"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_flags(parser)


def run(options: argparse.Namespace) -> int:
    from serve.settings import settings_from

    settings = settings_from(options)
    from serve.http_server import serve

    serve(settings)
    return 0
