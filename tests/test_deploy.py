"""The image, the compose file and the Kubernetes example hold what the service needs, and fence it in.

No container is built here: what the image lacks is hidden from Python, and the service must still start and answer.
"""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from serve.article_scoring import score_article
from serve.settings import PREFIX, ServiceSettings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text(encoding="utf-8")

ARTICLE = "“We will never talk to them,” said Anna Berg."
START = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
from serve.http_app import create_app
from serve.model_slot import ModelSlot
import serve.http_server
from models.bundle import released_path
from models.classifier import StanceClassifier
from serve.article_scoring import score_article
print(score_article({article!r}, StanceClassifier.load(threads=1))[0].stance.label)
"""


def installed_in_the_image() -> set[str]:
    """Names of distributions: those that the Containerfile names and all that they require."""
    named = re.search(r"--constraint requirements\.lock \\\n\s*(.+)\n", CONTAINERFILE)
    removed = re.search(r"pip uninstall --yes (.+)", CONTAINERFILE)
    assert named
    assert removed
    found: set[str] = set()
    queue = named[1].split()
    while queue:
        name = canonicalize_name(queue.pop())
        if name not in found:
            found.add(name)
            needs = [Requirement(line) for line in requires(name) or []]
            queue += [need.name for need in needs if not need.marker or need.marker.evaluate({"extra": ""})]
    return found - {canonicalize_name(name) for name in removed[1].split()} | {"detente"}


def test_the_image_holds_whatever_the_service_imports(classifier):
    there = installed_in_the_image()
    absent = {
        module
        for module, distributions in packages_distributions().items()
        if not there & {canonicalize_name(name) for name in distributions}
    } - {"detente", "models", "eval", "training", "serve"}
    assert {"torch", "transformers", "sklearn", "openvino_telemetry"} <= absent
    done = subprocess.run(
        [sys.executable, "-c", START.format(absent=absent, article=ARTICLE)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == score_article(ARTICLE, classifier)[0].stance.label


def test_what_the_image_copies_exists_and_reaches_the_build():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    sources = [name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.M) for name in line.split()]
    assert {"detente", "models", "serve", "examples", "pyproject.toml"} <= set(sources)
    for name in [*sources, "requirements.lock"]:
        assert (ROOT / name).exists()
        assert f"!{name}\n" in ignored


def test_the_image_does_not_run_as_root_and_asks_for_life():
    assert re.findall(r"^USER (\d+):", CONTAINERFILE, re.M) == ["10001"]
    assert "/health/live" in CONTAINERFILE.partition("HEALTHCHECK")[2]


def environment_names() -> list[tuple[str, str]]:
    files = [DEPLOY / "Containerfile", DEPLOY / "compose.yaml", DEPLOY / "kubernetes.yaml"]
    return [(path.name, name) for path in files for name in re.findall(r"\b(DETENTE_\w+)", path.read_text("utf-8"))]


@pytest.mark.parametrize(("file", "name"), sorted(set(environment_names())))
def test_every_variable_is_a_setting(file, name):
    assert name.removeprefix(PREFIX).lower() in ServiceSettings.__dataclass_fields__, file


def test_compose_fences_the_service_in():
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]["detente"]
    assert service["read_only"] is True
    assert service["user"].startswith("10001")
    assert service["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    settings = ServiceSettings()
    assert int(service["stop_grace_period"].rstrip("s")) > settings.drain_delay + settings.shutdown_timeout


def test_kubernetes_probes_ask_what_the_service_answers():
    deployment, *_ = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8"))
    pod = deployment["spec"]["template"]["spec"]
    container = pod["containers"][0]
    probes = {name: container[name]["httpGet"]["path"] for name in container if name.endswith("Probe")}
    assert probes == {
        "startupProbe": "/health/ready",
        "readinessProbe": "/health/ready",
        "livenessProbe": "/health/live",
    }
    health = (ROOT / "serve" / "service_health.py").read_text(encoding="utf-8")
    assert all(f'"{path.removeprefix("/health")}"' in health for path in probes.values())
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    given = {one["name"]: one.get("value") for one in container["env"]}
    draining = float(given["DETENTE_DRAIN_DELAY"]) + float(given["DETENTE_SHUTDOWN_TIMEOUT"])
    assert pod["terminationGracePeriodSeconds"] > draining
