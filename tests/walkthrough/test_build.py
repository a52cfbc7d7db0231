"""The function's archive: what is in it, that it is the same each time, and that it runs on its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.utils import EVENT_ALIASES

from cloudmend.aws import ledger, notices
from cloudmend.aws import stack as later
from cloudmend.aws import stack as switch
from cloudmend.aws import world as identity
from cloudmend.aws import world as regions
from cloudmend.controls import every
from cloudmend.local.runtime.process import RUNTIME
from local.embedded.helpers import asked_lately
from walkthrough.template import GLOBALS, ROOT, TEMPLATE

CLOUDMEND = Path(sys.executable).with_name("cloudmend")
SAM = ROOT / ".venv-sam" / "bin" / "sam"
PARAMETERS = TEMPLATE["Parameters"]
THIS_PYTHON = RUNTIME.removeprefix("python")

# Runs with the archive and the standard library, and no site-packages: sys.argv is the folder and the rest.
ALONE = "import importlib, json, pkgutil, sys\nsys.path.insert(0, sys.argv[1])\n"
IMPORT_ALL = """
import cloudmend
names = [module.name for module in pkgutil.walk_packages(cloudmend.__path__, "cloudmend.")]
print(json.dumps({name: importlib.import_module(name).__cached__ for name in names}))
"""
LOADED = """
import cloudmend.lambda_.handlers
print(json.dumps(sorted(sys.modules)))
"""
RESPOND = """
from cloudmend.lambda_.handlers import respond
print(json.dumps({"answer": respond(json.loads(sys.argv[2]), None)}))
"""


def build(project: Path, output: Path, python: str = THIS_PYTHON) -> Path:
    """The archive that `project`'s own build writes for a Python."""
    script: list[str | Path] = [sys.executable, "-m", "cloudmend.cli.build.function", "--python-version", python]
    archive = output / "function.zip"
    done = subprocess.run(
        [*script, "--output", output / "function", "--archive", archive],
        env={**os.environ, "PYTHONPATH": str(project / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""  # pip's warnings are about pip
    return archive


def run_alone(folder: Path, program: str, *arguments: str, environment: dict[str, str]) -> Any:
    """The JSON on the last line that a program writes, run on the archive's unpacked files alone."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", ALONE + program, folder, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def run_sam(*arguments: str | Path, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The finished SAM CLI, of a user whose home folder is `folder`."""
    asked_lately(folder)
    home = {**environment, "HOME": str(folder)}
    return subprocess.run([SAM, *arguments], env=home, cwd=ROOT, capture_output=True, text=True, check=False)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def unpacked(archive: Path) -> Path:
    """What Lambda has in /var/task."""
    folder = archive.with_name("task")
    zipfile.ZipFile(archive).extractall(folder)
    return folder


@pytest.fixture(scope="module")
def names(archive: Path) -> list[str]:
    return zipfile.ZipFile(archive).namelist()


def test_the_archive_holds_nothing_that_only_serves_development(names: list[str]) -> None:
    unwanted = re.compile(r"(^|/)(tests?|bin|local|[^/]+\.dist-info)/|\.pyi$|/py\.typed$|/(cli|demo)\.py$|\.md$")
    assert not [name for name in names if unwanted.search(name)]
    assert not [name for name in names if name.startswith(("moto/", "boto3/", "pip/"))]


def test_the_service_models_in_it_hold_the_operations_that_are_called_and_no_other(unpacked: Path) -> None:
    models = unpacked.glob("botocore/data/*/*/service-2.json*")
    kept = {f"{path.parts[-3]}:{name}" for path in models for name in json.loads(path.read_text())["operations"]}
    called = notices.PERMISSIONS | regions.REGIONS_PERMISSIONS | switch.SWITCH_PERMISSIONS
    # The ledger writes in transactions, for which IAM has no name; exemptions are put by people.
    in_transactions = {"dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
    called |= {
        ":".join(right.call)
        for control in every()
        for right in (*control.reads, *control.follows, *control.writes, *control.asks)
    }
    called |= (ledger.PERMISSIONS - in_transactions) | {"dynamodb:TransactWriteItems"} | later.QUEUE_PERMISSIONS
    assert kept == called | identity.IDENTITY_PERMISSIONS


def test_the_errors_that_these_operations_answer_with_are_in_the_models_too(unpacked: Path) -> None:
    """Or botocore has no name for them, and leaves out what they say."""
    answered: set[str] = set()
    for path in unpacked.glob("botocore/data/*/*/service-2.json*"):
        model = json.loads(path.read_text())
        errors = {error["shape"] for each in model["operations"].values() for error in each.get("errors", ())}
        assert errors <= model["shapes"].keys(), path
        answered |= errors
    assert "TransactionCanceledException" in answered


def test_what_botocore_keeps_of_its_data_is_its_own_without_words_for_people(unpacked: Path) -> None:
    def without_words(node: Any) -> Any:
        if isinstance(node, list):
            return [without_words(item) for item in node]
        if not isinstance(node, dict):
            return node
        return {k: without_words(v) for k, v in node.items() if k != "documentation" or not isinstance(v, str)}

    loader, kept = Loader(), unpacked / "botocore" / "data"
    for path in kept.rglob("*.json"):
        name = path.relative_to(kept).with_suffix("")
        own, trimmed = without_words(loader.load_data(str(name))), json.loads(path.read_text())
        if path.name == "service-2.json":
            assert trimmed["shapes"].items() <= own["shapes"].items()
            assert trimmed["operations"].items() <= own["operations"].items()
        elif path.name == "endpoints.json":
            models = [json.loads(model.read_text()) for model in kept.rglob("service-2.json")]
            services = {model["metadata"]["endpointPrefix"] for model in models}
            for partition in own["partitions"]:
                partition["services"] = {k: v for k, v in partition["services"].items() if k in services}
            assert trimmed == own
        else:
            assert trimmed == own


def test_botocores_other_names_for_services_are_kept_for_those_that_are_called(unpacked: Path) -> None:
    kept = run_alone(
        unpacked, "from botocore.utils import EVENT_ALIASES\nprint(json.dumps(EVENT_ALIASES))", environment={}
    )
    services = {path.name for path in (unpacked / "botocore" / "data").iterdir() if path.is_dir()}
    assert kept == {old: new for old, new in EVENT_ALIASES.items() if old in services}


def test_the_archive_stays_small(archive: Path) -> None:
    assert archive.stat().st_size < 4 * 2**20


def test_a_build_in_another_folder_is_equal_byte_for_byte(archive: Path, tmp_path: Path) -> None:
    for folder in ("requirements", "src"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "template.yaml"):
        shutil.copyfile(ROOT / file, tmp_path / file)
    assert build(tmp_path, tmp_path / "elsewhere").read_bytes() == archive.read_bytes()


def test_no_trace_of_the_building_machine_is_in_it(unpacked: Path) -> None:
    assert not [name for name, content in files(unpacked).items() if str(ROOT).encode() in content]


def test_every_module_of_the_archive_imports_from_it_alone_with_its_bytecode(unpacked: Path) -> None:
    bytecode = run_alone(unpacked, IMPORT_ALL, environment={})
    assert "cloudmend.lambda_.handlers" in bytecode
    assert all(Path(path).is_relative_to(unpacked) and Path(path).exists() for path in bytecode.values())


def test_a_cold_start_loads_no_ledger_that_a_deployed_function_does_not_use(unpacked: Path) -> None:
    loaded = run_alone(unpacked, LOADED, environment={"AWS_REGION": "eu-west-1"})
    assert "cloudmend.engine" in loaded
    assert not {"sqlite3", "cloudmend.disk.ledger"} & set(loaded)


def test_a_cold_start_loads_nothing_that_writes_help_texts_or_reads_metadata(unpacked: Path) -> None:
    loaded = run_alone(unpacked, LOADED, environment={"AWS_REGION": "eu-west-1"})
    assert "botocore.client" in loaded
    assert not {"html.parser", "botocore.docs.method", "importlib.metadata", "aws_lambda_powertools"} & set(loaded)


def test_the_archives_handler_mends_a_group(
    unpacked: Path, aws_environment: dict[str, str], ec2: Any, group_id: str
) -> None:
    ec2.authorize_security_group_ingress(
        GroupId=group_id, IpProtocol="tcp", FromPort=3389, ToPort=3389, CidrIp="0.0.0.0/0"
    )
    event = json.loads((ROOT / "events" / "event.json").read_text())
    event["detail"]["requestParameters"]["groupId"] = group_id
    answer = run_alone(unpacked, RESPOND, json.dumps(event), environment=aws_environment)["answer"]
    assert [record["status"] for record in answer["records"]] == ["mended"]
    (group,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    assert [r["CidrIp"] for rule in group["IpPermissions"] for r in rule["IpRanges"]] == ["10.0.0.0/8"]


def test_what_is_deployed_has_wheels_for_the_templates_runtime(tmp_path: Path) -> None:
    planned = subprocess.run(["make", "-n", "build"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    (version,) = re.findall(r"--python-version (\S+)", planned)
    assert f"python{version}" == PARAMETERS["Runtime"]["Default"]
    assert GLOBALS["Runtime"] == {"Ref": "Runtime"}
    assert GLOBALS["Architectures"] == [{"Ref": "Architecture"}]
    libraries = [name for name in zipfile.ZipFile(build(ROOT, tmp_path, version)).namelist() if name.endswith(".so")]
    tags = {f"cpython-{version.replace('.', '')}-{machine}-linux-gnu.so" for machine in ("aarch64", "x86_64")}
    modules = {name.partition(".")[0] for name in libraries}
    assert modules
    assert set(libraries) == {f"{module}.{tag}" for module in modules for tag in tags}
    assert set(PARAMETERS["Architecture"]["AllowedValues"]) == {"arm64", "x86_64"}


@pytest.mark.deep  # the test above has the default, and this machine's own is deployed
@pytest.mark.parametrize("runtime", PARAMETERS["Runtime"]["AllowedValues"])
def test_there_are_wheels_for_every_runtime_that_the_template_allows(runtime: str, tmp_path: Path) -> None:
    tag = runtime.removeprefix("python").replace(".", "")
    libraries = {path.name for path in (build(ROOT, tmp_path, runtime.removeprefix("python")).parent).rglob("*.so")}
    assert {name.split("-")[1] for name in libraries} == {tag}
    assert {name.split("-")[2] for name in libraries} == {"aarch64", "x86_64"}


def test_the_lock_has_no_markers_for_pip_to_judge_by_the_wrong_python() -> None:
    assert ";" not in (ROOT / "requirements" / "lambda.txt").read_text()


@pytest.mark.parametrize(
    ("environment", "arguments", "target"),
    [
        ({}, (), "3.13"),
        ({}, ("PYTHON_VERSION=3.12",), "3.12"),
        ({"CLOUDMEND_BUILD_PYTHON_VERSION": "3.11"}, (), "3.11"),
        ({"CLOUDMEND_BUILD_PYTHON_VERSION": ""}, (), "3.13"),
        # Official Python images set this one, to the Python that runs and not to the one that is meant.
        ({"PYTHON_VERSION": "3.14.1"}, (), "3.13"),
    ],
)
def test_make_build_takes_its_python_from_the_command_line_or_cloudmends_own_variable(
    environment: dict[str, str], arguments: tuple[str, ...], target: str
) -> None:
    planned = subprocess.run(
        ["make", "-n", "build", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"--python-version {target} " in planned.stdout


def test_an_impossible_target_is_refused_in_one_sentence(tmp_path: Path) -> None:
    words: list[str | Path] = [CLOUDMEND, "build", "--output", tmp_path / "function", "--python-version", "3.2"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"build: pip could not install {ROOT / 'requirements' / 'lambda.txt'} for aarch64, Python 3.2" in done.stderr
    assert not (tmp_path / "function").exists()


@pytest.mark.deep  # cfn-lint, which `make lint` runs, and the deployments say it too
def test_sam_validates_the_template(tmp_path: Path, aws_environment: dict[str, str]) -> None:
    done = run_sam("validate", "--lint", folder=tmp_path, environment=aws_environment)
    assert done.returncode == 0, done.stderr


def test_sam_build_makes_both_functions_of_the_same_files(
    tmp_path: Path, unpacked: Path, aws_environment: dict[str, str]
) -> None:
    environment = {**aws_environment, "CLOUDMEND_BUILD_PYTHON_VERSION": THIS_PYTHON}
    done = run_sam("build", "--build-dir", tmp_path / "built", folder=tmp_path, environment=environment)
    assert done.returncode == 0, done.stderr
    for function in ("SecurityGroupRemediationLambda", "SweepFunction"):
        assert files(tmp_path / "built" / function) == files(unpacked)
