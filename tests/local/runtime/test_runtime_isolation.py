"""What a function sees of the machine: what Lambda would show it, and nothing else."""

import re
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from cloudmend.local.runtime.function import FunctionRuntime
from cloudmend.local.runtime.process import RUNTIME_CLIENT, SDK

Deploy = Callable[..., FunctionRuntime]

GIVEN = {"AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_ENDPOINT_URL": "http://localhost:4566", "GUARDED_PORTS": "22"}


def test_the_variables_are_lambdas_and_the_functions_own(
    deploy: Deploy, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "developer")
    monkeypatch.setenv("PYTHONPATH", "developer")
    function = deploy("import os\ndef handler(event, context): return dict(os.environ)", environment=GIVEN)

    variables = function.invoke({}).payload

    assert variables.pop("LC_CTYPE", "C.UTF-8") == "C.UTF-8"  # CPython sets it where the locale is missing
    assert re.fullmatch(r"127\.0\.0\.1:\d+", variables.pop("AWS_LAMBDA_RUNTIME_API"))
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST]\w{32}", variables.pop("AWS_LAMBDA_LOG_STREAM_NAME"))
    assert re.fullmatch(r"Root=1-\w{8}-\w{24};Parent=\w{16};Sampled=0", variables.pop("_X_AMZN_TRACE_ID"))
    assert variables.pop("PYTHONPATH") == variables.pop("LAMBDA_RUNTIME_DIR")
    assert variables.pop("HOME") == variables.pop("TMPDIR")
    assert variables == GIVEN | {
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python3.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_NAME": "mend",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/mend",
        "AWS_REGION": "eu-west-1",
        "LAMBDA_TASK_ROOT": str(archive),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
        "_HANDLER": "app.handler",
    }


def test_a_function_cannot_overwrite_what_lambda_reserves(deploy: Deploy) -> None:
    given = {"AWS_REGION": "us-east-1", "TZ": "Europe/Berlin"}
    function = deploy(
        "import os\ndef handler(event, context): return [os.environ['AWS_REGION'], os.environ['TZ']]",
        environment=given,
    )

    assert function.invoke({}).payload == ["eu-west-1", "Europe/Berlin"]


def test_the_developers_home_is_out_of_sight(deploy: Deploy) -> None:
    function = deploy(
        "import os, pathlib\ndef handler(event, context):\n"
        "    home = pathlib.Path('~').expanduser(); return [str(home), list(home.iterdir())]"
    )

    home, entries = function.invoke({}).payload

    assert (Path(home) != Path.home(), entries) == (True, [])


@pytest.mark.parametrize("package", ["msgspec", "moto", "yaml", "cloudmend"])
def test_a_package_that_the_archive_forgot_is_missing(deploy: Deploy, package: str) -> None:
    """It is installed beside the runtime client, and the tests import it."""
    __import__(package)

    error = deploy(f"import {package}").invoke({}).error

    assert error is not None
    assert error.type == "Runtime.ImportModuleError"
    assert error.message == f"Unable to import module 'app': No module named '{package}'"


def test_the_archive_comes_first_and_then_the_runtime_client_and_aws_s_sdk_alone(deploy: Deploy, archive: Path) -> None:
    function = deploy(
        "import os, sys\ndef handler(event, context):\n"
        "    return [sys.path[:2], os.listdir(os.environ['LAMBDA_RUNTIME_DIR']), os.getcwd()]"
    )

    path, client, folder = function.invoke({}).payload

    assert (path[0], Path(path[1]).name, folder) == (str(archive), "runtime", str(archive))
    modules = {re.split(r"[-.]", name)[0] for name in client}
    sdk = {"boto3", "botocore", "dateutil", "jmespath", "python_dateutil", "s3transfer", "six", "urllib3"}
    assert modules == {"awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py"} | sdk


def test_a_function_that_brings_no_sdk_has_aws_s_own(deploy: Deploy) -> None:
    function = deploy(
        "import boto3\ndef handler(event, context):\n    return boto3.client('sts').meta.service_model.service_name"
    )

    assert function.invoke({}).payload == "sts"


def test_the_archives_own_package_wins_over_the_runtimes(deploy: Deploy, archive: Path) -> None:
    (archive / "snapshot_restore_py.py").write_text("OURS = True")
    function = deploy("import snapshot_restore_py\ndef handler(event, context): return snapshot_restore_py.OURS")

    assert function.invoke({}).payload is True


def test_the_archive_stays_as_it_was_deployed(deploy: Deploy, archive: Path) -> None:
    (archive / "part.py").touch()
    deploy("import part\ndef handler(event, context): return None").invoke({})

    assert sorted(path.name for path in archive.iterdir()) == ["app.py", "part.py"]


@pytest.mark.parametrize("packages", [RUNTIME_CLIENT, SDK])
def test_the_list_of_the_packages_is_whole(packages: tuple[str, ...]) -> None:
    required = {
        re.split(r"[^\w-]", requirement)[0]
        for name in packages
        for requirement in metadata.requires(name) or ()
        if "extra ==" not in requirement
    }

    assert required | {packages[0]} == set(packages)
