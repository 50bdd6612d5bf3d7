"""A mirror of candidates and releases in MLflow: runs, registered versions, `champion` and `challenger`.

Knows MLflow's client and the registry's files. The files are the truth: what is here can be made again from
them, and nothing reads it back.
"""

import json
from pathlib import Path
from typing import Any

from models.bundle import Bundle, open_bundle
from models.errors import TrainingError
from models.history import current_version
from training.gate_report import REPORT

EXPERIMENT = "detente"
CHAMPION, CHALLENGER = "champion", "challenger"
HASH, VERSION = "detente.hash", "detente.version"


class ModelTracking:
    """One MLflow server. Raises TrainingError where the extra is missing or the server does not answer."""

    def __init__(self, server: str) -> None:
        try:
            from mlflow.exceptions import MlflowException
            from mlflow.tracking import MlflowClient
        except ImportError:
            raise TrainingError("MLflow is not installed: pip install 'detente[mlflow]'") from None
        self._fault: type[Exception] = MlflowException
        self._server = server
        self._client: Any = MlflowClient(tracking_uri=server, registry_uri=server)

    def publish(self, candidate: Path, registry: Path) -> str:
        """Logs a candidate as a run and a version (once), makes it the challenger; returns the version's number."""
        bundle = open_bundle(candidate)
        try:
            number = self._number(bundle) or self._register(bundle)
            self._client.set_registered_model_alias(_name(bundle.axis.name), CHALLENGER, number)
            self._point_champion(bundle.axis.name, registry)
        except self._fault as fault:
            raise TrainingError(f"MLflow at {self._server}: {_first_line(fault)}") from None
        return number

    def follow(self, axis: str, registry: Path) -> str | None:
        """Points `champion` at what is in force, after a promotion or rollback; returns the version's number."""
        try:
            return self._point_champion(axis, registry)
        except self._fault as fault:
            raise TrainingError(f"MLflow at {self._server}: {_first_line(fault)}") from None

    def _point_champion(self, axis: str, registry: Path) -> str | None:
        current = current_version(registry, axis)
        if current is None:
            return None
        bundle = open_bundle(registry / current)
        number = self._number(bundle) or self._register(bundle)
        self._client.set_registered_model_alias(_name(axis), CHAMPION, number)
        return number

    def _number(self, bundle: Bundle) -> str | None:
        """The number of a bundle registered before, known by its hash."""
        found = self._client.search_model_versions(f"name = '{_name(bundle.axis.name)}'")
        return next((str(one.version) for one in found if one.tags.get(HASH) == bundle.content_hash), None)

    def _register(self, bundle: Bundle) -> str:
        experiment = self._client.get_experiment_by_name(EXPERIMENT)
        experiment_id = experiment.experiment_id if experiment else self._client.create_experiment(EXPERIMENT)
        tags = {HASH: bundle.content_hash, VERSION: bundle.version}
        run = self._client.create_run(experiment_id, run_name=bundle.version, tags=tags)
        for name, value in bundle.manifest["origin"].get("recipe", {}).items():
            self._client.log_param(run.info.run_id, name, str(value)[:500])
        for name, figure in _figures(bundle).items():
            self._client.log_metric(run.info.run_id, name, figure)
        self._client.log_artifacts(run.info.run_id, str(bundle.path), "bundle")
        self._client.set_terminated(run.info.run_id)
        name = _name(bundle.axis.name)
        if not list(self._client.search_registered_models(f"name = '{name}'")):
            self._client.create_registered_model(name)
        made = self._client.create_model_version(
            name, source=f"{run.info.artifact_uri}/bundle", run_id=run.info.run_id, tags=tags
        )
        return str(made.version)


def _name(axis: str) -> str:
    return f"detente-{axis}"


def _figures(bundle: Bundle) -> dict[str, float]:
    """The values of evaluation.json and whether the gate was passed, by names that MLflow allows."""
    figures: dict[str, float] = {}
    if bundle.evaluation.is_file():
        for part, report in json.loads(bundle.evaluation.read_text(encoding="utf-8")).items():
            for measure, value in report.items():
                if isinstance(value, dict) and isinstance(value.get("value"), int | float):
                    figures[f"{part.replace(' ', '_')}.{measure}"] = float(value["value"])
    report_path = bundle.path / REPORT
    if report_path.is_file():
        figures["gate_passed"] = float(json.loads(report_path.read_text(encoding="utf-8"))["passed"])
    return figures


def _first_line(fault: Exception) -> str:
    return str(fault).splitlines()[0] if str(fault) else type(fault).__name__
