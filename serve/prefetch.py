"""Runs an iterator in a thread of its own, a few items ahead of whoever consumes it.

Knows queues and how to end in order. Does not know what the items are.
"""

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

Item = TypeVar("Item")
_POLL_SECONDS = 0.2


def prefetched(items: Iterator[Item], *, ahead: int) -> Iterator[Item]:
    """The same items in order; an exception in the thread is raised here. Closing it ends the thread."""
    waiting: queue.Queue[tuple[str, Item | BaseException | None]] = queue.Queue(maxsize=ahead)
    ended = threading.Event()

    def put(kind: str, item: Item | BaseException | None) -> bool:
        while not ended.is_set():
            try:
                waiting.put((kind, item), timeout=_POLL_SECONDS)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not put("item", item):
                    return
            put("end", None)
        except BaseException as fault:  # handed to the consumer, who must see it whatever it is
            put("fault", fault)

    thread = threading.Thread(target=work, name="prefetch", daemon=True)
    thread.start()
    try:
        while True:
            kind, item = waiting.get()
            if kind == "item":
                yield item  # type: ignore[misc]
            elif kind == "fault":
                assert isinstance(item, BaseException)
                raise item
            else:
                return
    finally:
        ended.set()
        thread.join()
