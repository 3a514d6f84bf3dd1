"""Where things lie: the project, its examples, what tests compare with, clips of a session."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPECS = ROOT / "specs"
GOLDEN = ROOT / "tests" / "golden"
BROKEN = ROOT / "tests" / "broken"

# Test clips, made once for all emulators of a session, in whatever process they are.
if "WANX_TEST_CLIPS" not in os.environ:
    os.environ["WANX_TEST_CLIPS"] = tempfile.mkdtemp(prefix="clips-of-tests-")
    atexit.register(shutil.rmtree, os.environ["WANX_TEST_CLIPS"], ignore_errors=True)
CLIPS = Path(os.environ["WANX_TEST_CLIPS"])
