"""Puts the pipeline on the path. Each test file skips itself, with a message, when its libraries are missing."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
