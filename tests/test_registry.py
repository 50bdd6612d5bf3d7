"""The registry: appended history, promotion that a kill at any step cannot leave half done, undo."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_bundle import make_tiny_bundle

from models.bundle import open_bundle, released_path
from models.durable_files import append_line
from models.errors import BundleError
from models.history import current_version, read_history
from models.registry import append_history, install, locked, version_before

AXIS = "negotiation"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    return {
        name: make_tiny_bundle(folder / name, version=name, seed=place) for place, name in enumerate(("old", "new"))
    }


def release(bundle: Path, registry: Path) -> None:
    with locked(registry):
        opened = open_bundle(bundle)
        install(opened, registry)
        append_history(registry, action="promote", axis=AXIS, version=opened.version)


def in_a_child(action: Callable[[], None], kill_at: int) -> bool:
    """Runs the action in a forked process that is killed before its `kill_at`-th change of the disk."""
    child = os.fork()
    if child == 0:
        done = 0

        def counting(real: Any) -> Any:
            def step(*arguments: Any, **named: Any) -> Any:
                nonlocal done
                if done == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)
                done += 1
                return real(*arguments, **named)

            return step

        shutil.copyfile, os.fsync, os.rename = map(counting, (shutil.copyfile, os.fsync, os.rename))
        Path.rename, Path.mkdir = counting(Path.rename), counting(Path.mkdir)  # type: ignore[method-assign]
        try:
            action()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_a_kill_at_any_step_leaves_the_old_release_or_the_new_one(bundles: dict[str, Path], tmp_path: Path) -> None:
    start = tmp_path / "start"
    release(bundles["old"], start)
    seen, step, killed = set(), 0, True
    while killed:
        registry = Path(shutil.copytree(start, tmp_path / str(step)))
        killed = in_a_child(partial(release, bundles["new"], registry), kill_at=step)
        current = released_path(AXIS, registry)
        assert open_bundle(current).version == current.name
        seen.add(current.name)
        # Tried again it goes through, whatever lay about.
        release(bundles["new"], registry)
        assert released_path(AXIS, registry).name == "new"
        assert not list(registry.glob(".incoming*"))
        shutil.rmtree(registry)
        step += 1
    assert seen == {"old", "new"}
    assert step > 2 * len(open_bundle(bundles["new"]).manifest["files"])


def test_a_torn_last_line_is_closed_before_the_next(tmp_path: Path) -> None:
    append_history(tmp_path, action="promote", axis=AXIS, version="one")
    with (tmp_path / "history.jsonl").open("a") as stream:
        stream.write('{"action": "promote", "axis": "negoti')
    append_history(tmp_path, action="promote", axis=AXIS, version="two")
    assert [entry.version for entry in read_history(tmp_path)] == ["one", "two"]
    assert current_version(tmp_path, AXIS) == "two"
    assert current_version(tmp_path, "other") is None


def test_a_version_is_never_overwritten(bundles: dict[str, Path], tmp_path: Path) -> None:
    release(bundles["new"], tmp_path / "registry")
    other = make_tiny_bundle(tmp_path / "other", version="new", seed=9)
    with pytest.raises(BundleError, match="another new already"):
        release(other, tmp_path / "registry")


@given(st.lists(st.one_of(st.just("undo"), st.sampled_from("abcd")), max_size=12))
def test_undo_goes_back_one_promotion_at_a_time(actions: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder, stack = Path(name), list[str]()
        for action in actions:
            before = version_before(folder, AXIS)
            assert before == (stack[-2] if len(stack) > 1 else None)
            if action == "undo":
                if before is None:
                    continue
                stack.pop()
                line = {"action": "rollback", "axis": AXIS, "version": before}
            elif stack and stack[-1] == action:
                continue
            else:
                stack.append(action)
                line = {"action": "promote", "axis": AXIS, "version": action}
            with (folder / "history.jsonl").open("a") as stream:
                stream.write(json.dumps(line) + "\n")
            assert current_version(folder, AXIS) == stack[-1]


def test_lines_are_only_ever_added(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    for number in range(3):
        before = path.read_bytes() if path.exists() else b""
        append_line(path, {"number": number})
        assert path.read_bytes().startswith(before)


def test_a_registry_of_ones_own_starts_from_the_shipped_model(
    bundles: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = released_path(AXIS)
    monkeypatch.setenv("DETENTE_REGISTRY", str(tmp_path))
    assert released_path(AXIS) == shipped
    append_history(tmp_path, action="promote", axis="another", version="one")
    assert released_path(AXIS) == shipped
    release(bundles["new"], tmp_path)
    assert released_path(AXIS) == tmp_path / "new"
