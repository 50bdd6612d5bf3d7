"""`detente label`: what to label next, tasks for Label Studio, and its annotations back as gold."""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HELP = "choose what to label, export it to Label Studio, import annotations as gold"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    choose = actions.add_parser("next", help="pick statements to label: a random part, the rest uncertain and diverse")
    choose.add_argument("scored", type=Path, help="what `detente score` wrote (.jsonl, .csv or .parquet)")
    choose.add_argument("--number", type=int, default=100, help="how many statements (default: 100)")
    choose.add_argument("--random-share", type=float, default=0.5, help="part drawn at random (default: 0.5)")
    choose.add_argument(
        "--strategy",
        default="diverse",
        metavar="NAME",
        help="how the rest is chosen: diverse (uncertain, unlike one another; default) or margin (most uncertain)",
    )
    choose.add_argument("--labelled", type=Path, action="append", default=[], help="gold with units that are done")
    choose.add_argument("--seed", type=int, default=0, help="of the random order; keep it for one corpus")
    choose.add_argument("--out", type=Path, required=True, help="statements to label (.jsonl)")
    choose.add_argument("--axis", help="axis of the labels (default: the one that the scored file's labels are of)")
    export = actions.add_parser("export", help="write Label Studio tasks and the labelling configuration")
    export.add_argument("statements", type=Path, help="statements (.jsonl), scored or not, such as those of `next`")
    export.add_argument("--out", type=Path, required=True, help="tasks (.json) to import into Label Studio")
    export.add_argument("--config", type=Path, required=True, help="labelling configuration (.xml) of the project")
    export.add_argument(
        "--preannotate",
        choices=("none", "chosen", "all"),
        default="chosen",
        help="where to show the model's label: chosen leaves the random part blind (default)",
    )
    export.add_argument("--axis", help="axis to label on (default: the one that labels in the file are of)")
    back = actions.add_parser("import", help="turn a Label Studio JSON export into gold")
    back.add_argument(
        "export", type=Path, nargs="+", help="JSON exports (not JSON-MIN); several are joined by the units' ids"
    )
    back.add_argument("--out", type=Path, required=True, help="gold file (.jsonl); its sidecar is written beside it")
    back.add_argument(
        "--annotator",
        action="append",
        default=[],
        metavar="WHO=NAME[:KIND]",
        help="name and kind of an annotator, by e-mail address or user id",
    )
    back.add_argument("--adjudicator", default="", help="whose label decides, by e-mail address or user id")
    back.add_argument(
        "--add-to", type=Path, help="gold whose units were labelled anew: adds the passes to a copy of it"
    )
    back.add_argument("--sampling", default="", help="keep only units so marked, such as random")
    back.add_argument("--axis", help="axis of the labels (default: the one that the annotations are of)")


def run(options: argparse.Namespace) -> int:
    return {"next": _next, "export": _export, "import": _import}[options.action](options)


def _next(options: argparse.Namespace) -> int:
    from eval.gold_set import read_gold
    from eval.labelling_queue import choose, margin
    from eval.scored_file import read_scored
    from models.axis import load_axis
    from models.errors import InputError

    if options.number < 1 or not 0 <= options.random_share <= 1:
        raise InputError("--number must be at least 1 and --random-share between 0 and 1")
    scored = read_scored(options.scored, load_axis(options.axis) if options.axis else None)
    units = [unit for path in options.labelled for unit in read_gold(path, scored.axis).units]
    keys = {unit.id: (unit.statement.text, unit.statement.holder, unit.statement.counterpart) for unit in units}
    queue = choose(
        scored.rows,
        number=options.number,
        random_share=options.random_share,
        labelled=keys.values(),
        labelled_at_random=[keys[unit.id] for unit in units if unit.fields.get("sampling") == "random"],
        strategy=options.strategy,
        seed=options.seed,
    )
    records = [
        {**row.fields, "sampling": sampling, "margin": round(margin(row), 4)}
        for sampling, rows in (("random", queue.random), ("uncertain", queue.uncertain))
        for row in rows
    ]
    _write_lines(options.out, records)
    print(f"{len(queue.random)} random and {len(queue.uncertain)} uncertain statements are in {options.out}")
    if queue.random_already:
        places = {key: name for name, key in keys.items()}
        names = ", ".join(places[row.key] for row in queue.random_already)
        print(
            f"labelled before for another reason, but part of the random sample: set 'sampling' to random for {names}"
        )
    return 0


def _export(options: argparse.Namespace) -> int:
    from eval.label_studio import as_task, labelling_config
    from models.axis import axis_with, load_axis
    from models.errors import InputError

    lines = list(_read_lines(options.statements))
    axis = load_axis(options.axis) if options.axis else axis_with(record.get("label") for _, record in lines)
    tasks: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for line, record in lines:
        if not isinstance(record.get("text"), str) or not record["text"].strip():
            raise InputError(f"{options.statements}:{line}: the field 'text' is missing or not text")
        shown = options.preannotate == "all" or (
            options.preannotate == "chosen" and record.get("sampling") not in (None, "random")
        )
        task = as_task(record, axis, preannotate=shown)
        name = task["data"]["id"]
        if name in seen:
            raise InputError(f"{options.statements}:{line}: the id {name!r} stands already on line {seen[name]}")
        seen[name] = line
        tasks.append(task)
    if not tasks:
        raise InputError(f"{options.statements} holds no statement")
    _write(options.out, json.dumps(tasks, indent=1, ensure_ascii=False) + "\n")
    _write(options.config, labelling_config(axis))
    helped = sum("predictions" in task for task in tasks)
    print(
        f"{len(tasks)} tasks are in {options.out} ({helped} show the model's label), "
        f"the configuration in {options.config}"
    )
    return 0


def _import(options: argparse.Namespace) -> int:
    from eval.gold_metadata import metadata_path
    from eval.label_studio import choices_of, import_annotations, merge_exports, parse_coder, read_export
    from models.axis import axis_with, load_axis
    from models.errors import InputError

    doubts = options.out.with_name(options.out.stem + ".disagreements.jsonl")
    for path in (options.out, metadata_path(options.out), doubts):
        if path.exists():
            raise InputError(f"{path} exists already: hand labels are not overwritten; name another file with --out")
    exports = {str(path): read_export(path) for path in options.export}
    tasks = next(iter(exports.values())) if len(exports) == 1 else merge_exports(exports)
    axis = load_axis(options.axis) if options.axis else axis_with(choices_of(tasks))
    found = import_annotations(
        tasks,
        axis,
        coders=dict(parse_coder(text) for text in options.annotator),
        adjudicator=options.adjudicator,
        sampling=options.sampling,
        where=" + ".join(exports),
    )
    records, metadata = list(found.records), found.metadata
    if options.add_to:
        from eval.added_passes import add_passes
        from eval.gold_set import read_gold

        records, metadata = add_passes(read_gold(options.add_to, axis), found)
    _write_lines(options.out, records)
    _write(metadata_path(options.out), json.dumps(metadata, indent=2, ensure_ascii=False) + "\n")
    _write_lines(doubts, found.disagreements)
    kinds = ", ".join(f"{name}: {entry['kind']}" for name, entry in metadata["annotators"].items())
    left_out = "whose label stands as it was" if options.add_to else "and left out"
    print(
        f"{len(records)} gold units are in {options.out} ({kinds}); {len(found.disagreements)} disagreement(s) "
        f"in {doubts}, {found.undecided} of them undecided {left_out}; {found.unlabelled} task(s) without annotation"
    )
    return 0


def _read_lines(path: Path) -> Iterable[tuple[int, dict[str, Any]]]:
    from models.errors import InputError
    from models.json_lines import json_object

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as fault:
        raise InputError(f"cannot read {path}: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8; convert the file to UTF-8") from None
    for line, raw in enumerate(text.split("\n"), 1):
        if not raw.strip():
            continue
        yield line, json_object(raw, f"{path}:{line}", InputError)


def _write_lines(path: Path, records: Iterable[dict[str, Any]]) -> None:
    _write(path, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))


def _write(path: Path, text: str) -> None:
    from models.errors import InputError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as fault:
        raise InputError(f"cannot write {path}: {fault.strerror}") from None
