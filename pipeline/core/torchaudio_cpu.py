"""torchaudio on any torch, also one without CUDA.

torchaudio's Linux wheel is linked against CUDA, so `import torchaudio` raises OSError where torch has none (and
RuntimeError where torch has another CUDA). Its transforms are pure torch and work without the compiled extension, and
its loader accepts that the extension is missing. So this module makes the loader report it as missing.
"""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def transforms() -> ModuleType:
    """The module torchaudio.transforms."""
    if "torchaudio" not in sys.modules:
        _no_extension()
    return importlib.import_module("torchaudio.transforms")


def _no_extension() -> None:
    package = importlib.util.find_spec("torchaudio")
    if package is None or package.origin is None:
        raise ImportError("torchaudio is not installed: run `make`")
    name = "torchaudio._extension.utils"
    spec = importlib.util.spec_from_file_location(name, Path(package.origin).parent / "_extension" / "utils.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"{name} is missing: torchaudio is another version than requirements.txt pins")
    utils = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(utils)
    vars(utils)["_load_lib"] = lambda _lib: False
    sys.modules[name] = utils  # torchaudio imports it from there
