"""`cloudmend build --controls`: a package that cannot be used is refused in one sentence, before anything is built."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cloudmend.cli.build.own import own_controls
from cloudmend.cli.build.trim import OPERATIONS, merged, trimmed_model
from cloudmend.core.errors import InputError

EXAMPLE = Path(__file__).parents[2] / "examples" / "ecr_repository_tags" / "src" / "ecr_repository_tags"
CONTROL = "from msgspec.structs import replace\nfrom cloudmend.controls.ebs_snapshot_public import CONTROL\n"


def package(folder: Path, name: str, text: str, **modules: str) -> Path:
    made = folder / name
    made.mkdir()
    (made / "__init__.py").write_text(text)
    for module, code in modules.items():
        (made / f"{module}.py").write_text(code)
    return made


def test_the_controls_of_a_package_are_found_by_module_each_once(tmp_path: Path) -> None:
    own = f"{CONTROL}CONTROL = replace(CONTROL, id='own_one')\n"
    made = package(tmp_path, "own_found", "from own_found.one import CONTROL\n", one=own, helpers="")
    found = own_controls([made, EXAMPLE])
    assert {name: control.id for name, control in found.items()} == {
        "own_found": "own_one",
        "ecr_repository_tags": "ecr_repository_tags",
    }
    assert [control.id for control in found.values()] == sorted(control.id for control in found.values())


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        (
            "own_raises",
            "raise OSError('no such device')",
            "own_raises of .* cannot be imported .OSError: no such device",
        ),
        ("own_exits", "raise SystemExit(7)", "own_exits of .* cannot be imported .SystemExit: 7"),
        ("own_empty", "", "has no control: no module of it has a CONTROL"),
        ("own_other", "CONTROL = 'a text'", "CONTROL of .*own_other/__init__.py is no Control"),
        ("own_taken", CONTROL, "own_taken and cloudmend.controls.ebs_snapshot_public have a control of the same id"),
        ("json", "", "json is the name of another package"),
    ],
)
def test_a_package_that_cannot_be_used_is_refused_with_the_reason(
    tmp_path: Path, name: str, text: str, why: str
) -> None:
    with pytest.raises(InputError, match=why):
        own_controls([package(tmp_path, name, text)])


def test_two_packages_with_one_id_are_refused(tmp_path: Path) -> None:
    own = f"{CONTROL}CONTROL = replace(CONTROL, id='own_one')\n"
    with pytest.raises(InputError, match="own_second and own_first have a control of the same id, own_one"):
        own_controls([package(tmp_path, name, own) for name in ("own_first", "own_second")])


def test_a_folder_that_is_no_package_is_refused_and_nothing_is_built(tmp_path: Path) -> None:
    run: list[str | Path] = [
        Path(sys.executable).with_name("cloudmend"),
        "build",
        "--output",
        tmp_path / "built",
        "--controls",
        tmp_path,
    ]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"cloudmend: {tmp_path} is no package: it has no __init__.py.")
    assert not (tmp_path / "built").exists()


def test_the_operations_of_other_controls_are_kept_beside_ours() -> None:
    both = merged(OPERATIONS, {"glue": ("GetDatabases",), "sns": ("Publish", "GetTopicAttributes")})
    assert both["glue"] == ("GetDatabases",)
    assert both["sns"] == tuple(sorted({*OPERATIONS["sns"], "GetTopicAttributes"}))
    assert both["s3"] == OPERATIONS["s3"]


def test_a_right_whose_operation_botocore_does_not_have_is_refused() -> None:
    model = {"metadata": {"serviceId": "ECR"}, "operations": {}, "shapes": {}}
    with pytest.raises(SystemExit, match=r"ECR has no operation PutTags\. See `operation` of Right"):
        trimmed_model(model, ("PutTags",))
