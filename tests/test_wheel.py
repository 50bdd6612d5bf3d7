"""The wheel, installed away from the checkout, run where a decoy `models/` and `eval/` lie about."""

import json
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

ARTICLE = Path("examples/article.txt").resolve()
PAGE = Path("serve/page").resolve()


def test_the_installed_command_is_not_led_astray_by_a_decoy(tmp_path: Path) -> None:
    wheels, environment, elsewhere = tmp_path / "wheels", tmp_path / "environment", tmp_path / "elsewhere"
    build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), "."]
    subprocess.run([sys.executable, "-m", "pip", *build], check=True)
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        # The page, and the example as a file of its own where the checkout has a link.
        for path in PAGE.iterdir():
            assert wheel.read(f"serve/page/{path.name}") == path.read_bytes()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    install = ["--python", str(python), "install", "--quiet", "--no-deps", *map(str, wheels.glob("*.whl"))]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True)
    # The libraries come from the environment of the tests; its editable install of the checkout is not followed.
    site = next((environment / "lib").glob("python*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    for decoy in ("models", "eval", "detente"):
        (elsewhere / decoy).mkdir(parents=True)
        (elsewhere / decoy / "__init__.py").write_text("raise SystemExit('the decoy was imported')\n", encoding="utf-8")
    done = subprocess.run(
        [environment / "bin" / "detente", "read", ARTICLE, "--format", "json"],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) >= 40
