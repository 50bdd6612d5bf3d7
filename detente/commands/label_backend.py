"""`detente label_backend`: an ML backend for Label Studio, which shows predictions and starts trainings."""

import argparse
from pathlib import Path

HELP = "serve predictions to Label Studio and train on its labels"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", type=Path, help="what to train with, such as training/recipes/retrain-demo.toml")
    parser.add_argument("--data", type=Path, required=True, help="folder for labels, logs and candidates")
    parser.add_argument("--train-after", type=int, default=0, metavar="N", help="train after every N new labels")
    parser.add_argument("--host", default="127.0.0.1", help="address (it has no login: keep it local)")
    parser.add_argument("--port", type=int, default=9090, help="port (default: 9090, as Label Studio expects)")


def run(options: argparse.Namespace) -> int:
    import uvicorn

    from detente.label_backend_app import create_app
    from detente.training_job import TrainingJob
    from training.recipe import read_recipe

    recipe = read_recipe(options.recipe)
    job = TrainingJob(options.data, options.recipe.resolve())
    app = create_app(job, axis=recipe.axis, train_after=options.train_after)
    uvicorn.run(app, host=options.host, port=options.port, log_level="warning")
    return 0
