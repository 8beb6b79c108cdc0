"""Where things are in this repository."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
VECTORS_FOLDER = ROOT / "tests" / "vectors"
SAMPLE_FOLDER = ROOT / "fixtures"
