"""Workflows, forms, the container, the changelog and the citation agree with the package."""

import datetime
import json
import os
import re
import subprocess
import sys
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

import diffecg
from diffecg.cli.app import app

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOWS = {
    path.stem: yaml.load(path.read_text(), yaml.BaseLoader)
    for path in (ROOT / ".github" / "workflows").glob("*.yml")
}
JOBS = {(name, job): content for name, flow in WORKFLOWS.items() for job, content in flow["jobs"].items()}
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
PYTHONS = [
    version
    for classifier in PROJECT["classifiers"]
    if re.fullmatch(r"3\.\d+", version := classifier.rpartition(" ")[2])
]


def test_the_versions_of_python_are_the_same_everywhere():
    assert JOBS["tests", "tests"]["strategy"]["matrix"]["python-version"] == PYTHONS
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
    assert JOBS["tests", "smoke"]["strategy"]["matrix"]["python-version"] == [PYTHONS[0], PYTHONS[-1]]
    support = (ROOT / "SUPPORT.md").read_text()
    assert f"| Python | {PYTHONS[0]} to {PYTHONS[-1]} |" in support
    (torch,) = re.findall(r"\| PyTorch \| ([\d.]+) or later \|", support)
    assert f"torch>={torch}" in PROJECT["dependencies"]
    given = re.findall(r'python-version: "(.*)"', "".join(map(json.dumps, JOBS.values())))
    assert set(given) <= set(PYTHONS)


@pytest.mark.parametrize("key", JOBS, ids="/".join)
def test_a_job_has_a_limit_of_time_and_no_right_that_it_does_not_need(key):
    job = JOBS[key]
    assert WORKFLOWS[key[0]]["permissions"] == {"contents": "read"}
    assert int(job["timeout-minutes"]) <= 90
    for step in job["steps"]:
        assert ("uses" in step) != ("run" in step)
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|release/v\d+)", step["uses"])
    if "write" in job.get("permissions", {}).values():  # what may write runs no code of the repository
        assert not any("run" in step or "checkout" in step["uses"] for step in job["steps"])


def test_what_is_published_was_built_from_a_tag_of_the_version_and_attested():
    flow = WORKFLOWS["release"]
    assert flow["on"] == {"push": {"tags": ["v*"]}}
    assert flow["jobs"]["publish"]["needs"] == "attest"
    assert flow["jobs"]["attest"]["needs"] == "build"
    (compare,) = [step["run"] for step in flow["jobs"]["build"]["steps"] if "Compare" in step.get("name", "")]
    statuses = {
        tag: subprocess.run(
            ["bash", "-e", "-c", compare], cwd=ROOT, env={**os.environ, "GITHUB_REF_NAME": tag}
        ).returncode
        for tag in (f"v{diffecg.__version__}", "v0.0.1")
    }
    assert list(statuses.values()) == [0, 1]


def test_workflows_make_what_the_makefile_has():
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    made = {
        word
        for job in JOBS.values()
        for step in job["steps"]
        for command in re.findall(r"^make (.*)", step.get("run", ""))
        for word in command.split()
        if "=" not in word
    }
    assert {"test", "test-long", "test-studio", "dist"} <= made
    assert made <= targets


def test_the_checks_before_a_commit_are_those_of_the_tests():
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    revisions = {repository["repo"].rpartition("/")[2]: repository.get("rev") for repository in repositories}
    pins = (ROOT / "constraints.txt").read_text()
    assert revisions["ruff-pre-commit"] == "v" + re.search(r"(?m)^ruff==(.*)$", pins)[1]
    makefile = (ROOT / "Makefile").read_text()
    for hook in repositories[-1]["hooks"]:
        assert hook["entry"].replace(".venv/bin", "$(BIN)") in makefile


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_forms_have_fields_with_labels_and_commands_that_exist(path):
    form = yaml.safe_load(path.read_text())
    if path.stem == "config":
        assert [set(link) for link in form["contact_links"]] == [{"name", "url", "about"}]
        return
    assert {"name", "description", "body"} <= set(form)
    fields = [item for item in form["body"] if item["type"] != "markdown"]
    assert {item["type"] for item in fields} <= {"input", "textarea", "dropdown", "checkboxes"}
    assert all(item["attributes"]["label"] for item in fields)
    assert len({item["id"] for item in fields}) == len(fields)
    assert any(item.get("validations", {}).get("required") for item in fields)
    for command in re.findall(r"`diffecg ([a-z]+)", path.read_text()):
        assert command in app


def test_the_container_runs_the_studio_without_privileges():
    text = (ROOT / "Containerfile").read_text()
    (version,) = re.findall(r"(?m)^FROM docker.io/library/python:([\d.]+)-slim$", text)
    assert version in PYTHONS
    ignored = (ROOT / ".dockerignore").read_text().split()
    for line in re.findall(r"(?m)^COPY (.*)$", text):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists()
            assert f"!{source}" in ignored
    (extras,) = re.findall(r"/source\[(.*?)\]", text)
    assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])
    instructions = re.findall(r"(?m)^([A-Z]+) (.*)$", text)
    assert instructions.index(("USER", "diffecg")) > max(
        place for place, (name, _) in enumerate(instructions) if name == "RUN"
    )
    entry, arguments = (json.loads(dict(instructions)[name]) for name in ("ENTRYPOINT", "CMD"))
    assert entry == ["diffecg"]
    command, bound, _ = app.parse_args(arguments, exit_on_error=False, print_error=False)
    assert command.__name__ == "studio"
    assert bound.arguments["host"] == "0.0.0.0"
    assert "token" not in bound.arguments, "that of the project, or of DIFFECG_TOKEN"


def test_the_conda_recipe_requires_what_the_package_requires():
    recipe = yaml.safe_load((ROOT / "packaging" / "conda" / "recipe.yaml").read_text())
    assert recipe["context"] == {"version": diffecg.__version__, "python_min": PYTHONS[0]}
    names = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
    split = [re.fullmatch(r"([\w-]+)(.*)", needed).groups() for needed in PROJECT["dependencies"]]
    required = [
        "python >=${{ python_min }}",
        *(f"{names.get(name, name)} {bounds}" for name, bounds in split),
    ]
    assert recipe["requirements"]["run"] == required
    scripts = [f"{name} = {target}" for name, target in PROJECT["scripts"].items()]
    assert recipe["build"]["python"]["entry_points"] == scripts


@pytest.mark.parametrize("status", [200, 503])
def test_the_health_check_of_the_container_fails_if_the_studio_does_not_answer_ok(status):
    class Studio(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    (text,) = re.findall(r"HEALTHCHECK [^[]*CMD (\[.*\])", (ROOT / "Containerfile").read_text())
    python, *arguments = json.loads(text)
    assert python == "python"
    with HTTPServer(("127.0.0.1", 0), Studio) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        arguments = [one.replace(":8000/", f":{server.server_port}/") for one in arguments]
        ended = subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
        server.shutdown()
    assert (ended.returncode == 0) == (status == 200)


def test_the_citation_is_of_this_version_and_has_the_fields_of_its_format():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "abstract"} <= set(citation)
    assert citation["type"] == "software"
    assert citation["version"] == diffecg.__version__
    assert citation["license"] == PROJECT["license"]
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]
    assert [author["name"] for author in citation["authors"]] == [one["name"] for one in PROJECT["authors"]]
    assert isinstance(citation["date-released"], datetime.date)
    for reference in citation["references"]:
        assert {"type", "title", "authors", "year"} <= set(reference)
        assert all({"given-names", "family-names"} == set(author) for author in reference["authors"])
    research = tomllib.loads((ROOT / "research" / "pyproject.toml").read_text())
    assert research["project"]["version"] == diffecg.__version__


def test_the_changelog_has_this_version_and_each_heading_once():
    text = (ROOT / "CHANGELOG.md").read_text()
    date = yaml.safe_load((ROOT / "CITATION.cff").read_text())["date-released"]
    _, unreleased, *released = re.split(r"(?m)^## ", text)
    assert unreleased.startswith("[Unreleased]\n")
    assert released[0].startswith(f"[{diffecg.__version__}] - {date.isoformat()}\n")
    for version in released:
        assert re.match(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d\n", version)
    for version in (unreleased, *released):
        headings = re.findall(r"(?m)^### (.*)$", version)
        order = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
        assert headings == [heading for heading in order if heading in headings]
        for topics in re.split(r"(?m)^### ", version):
            names = re.findall(r"(?m)^#### (.*)$", topics)
            assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "name", ["CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "SECURITY.md", "SUPPORT.md"]
)
def test_links_of_the_project_files_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)#]+)", (ROOT / name).read_text()):
        assert target.startswith("https://") or (ROOT / target).exists(), target
