"""Runs reports/example.ipynb without Jupyter, and writes its outputs, and the report's page of them.

A script, too: `python -m tests.library.notebook` in the folder of a project whose stages have run.
"""

import ast
import json
from contextlib import chdir
from pathlib import Path
from typing import Any

NOTEBOOK = Path("reports/example.ipynb")
PAGE = Path("reports/example.qmd")
HEAD = """---
title: "Use · ব্যবহার"
subtitle: "The library and the estimator from Python; the same as a notebook: reports/example.ipynb."
---
"""


def read(file: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return notebook


def executed(notebook: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The notebook with what its cells give, run one after the other in this folder."""
    names: dict[str, Any] = {}
    cells, count = [], 0
    with chdir(folder):
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                count += 1
                shown = _value("".join(cell["source"]), names)
                data = {kind: text.splitlines(keepends=True) for kind, text in _forms(shown).items()}
                result = {"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": data}
                cell = cell | {"execution_count": count, "outputs": [result] if data else []}
            cells.append(cell)
    return notebook | {"cells": cells}


def _value(source: str, names: dict[str, Any]) -> Any:
    """The value of the last line, if it is an expression."""
    lines = ast.parse(source).body
    end = lines.pop() if lines and isinstance(lines[-1], ast.Expr) else None
    last = ast.Expression(end.value) if isinstance(end, ast.Expr) else None
    exec(compile(ast.Module(lines, []), "cell", "exec"), names)
    return eval(compile(last, "cell", "eval"), names) if last else None


def _forms(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    html = getattr(value, "_repr_html_", None)
    plain = value.to_string(index=False) if hasattr(value, "to_string") else repr(value)
    return {"text/plain": plain} | ({"text/html": html()} if html else {})


def page(notebook: dict[str, Any]) -> str:
    """The page of the report: prose, code and outputs as text."""
    parts = [HEAD]
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        parts.append(f"{source}\n" if cell["cell_type"] == "markdown" else f"```python\n{source}\n```\n")
        texts = ("".join(output["data"]["text/plain"]) for output in cell.get("outputs", []))
        parts += [f"```text\n{text}\n```\n" for text in texts]
    return "\n".join(parts)


if __name__ == "__main__":
    made = executed(read(NOTEBOOK), NOTEBOOK.parent)
    NOTEBOOK.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(made), encoding="utf-8")
