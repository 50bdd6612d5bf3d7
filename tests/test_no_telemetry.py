"""Nothing that we import may call home."""

import subprocess
import sys


def test_the_engine_loads_openvino_without_its_telemetry() -> None:
    code = (
        "import sys, models.cpu_engine\n"
        "loaded = [m for m in sys.modules if m.startswith('openvino_telemetry') and sys.modules[m] is not None]\n"
        "assert not loaded, loaded\n"
        "from openvino.tools.ovc import telemetry_stub\n"
        "import openvino.tools.ovc.telemetry_utils as used\n"
        "assert used.tm is telemetry_stub"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
