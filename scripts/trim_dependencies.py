"""What the deployed function does not need of its dependencies, taken away."""

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Nothing asks for a distribution's metadata or types at run time, and no command is started.
UNUSED = ("*.dist-info", "bin", "tests", "*.pyi", "py.typed", "__pycache__", "*.md")

# What botocore reads besides a service's own model.
BOTOCORE_DATA = (
    "_retry.json",  # which errors are worth another try
    "endpoints.json",  # the Regions of each partition
    "partitions.json",  # the same for the endpoint rules
    "sdk-default-configuration.json",  # timeouts and retry mode
)
EC2_MODEL = Path("ec2", "2016-11-15")
# EC2's model has 830 operations; parsing all of them is a large part of a cold start. A test holds these
# against the permissions of the controls.
EC2_OPERATIONS = (
    "DescribeManagedPrefixLists",
    "DescribeSecurityGroupRules",
    "DescribeSecurityGroups",
    "DescribeVpcs",
    "GetManagedPrefixListAssociations",
    "GetManagedPrefixListEntries",
    "ModifySecurityGroupRules",
    "RevokeSecurityGroupIngress",
)


def remove_unused(tree: Path) -> None:
    for path in [path for pattern in UNUSED for path in tree.rglob(pattern)]:
        remove(path)


def trim_botocore(data: Path) -> None:
    """Keep the shared data and EC2's model, and of that model the operations that the function calls."""
    model = trimmed_model(read_model(data / EC2_MODEL / "service-2.json.gz"), EC2_OPERATIONS)
    keep = {
        *(data / name for name in BOTOCORE_DATA),
        *(data / EC2_MODEL / name for name in ("endpoint-rule-set-1.json.gz", "paginators-1.json")),
    }
    for path in [path for path in data.rglob("*") if path.is_file() and path not in keep]:
        path.unlink()
    remove_empty_folders(data)
    (data / EC2_MODEL / "service-2.json").write_text(json.dumps(model, sort_keys=True))


def read_model(path: Path) -> dict[str, Any]:
    model: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return model


def trimmed_model(model: dict[str, Any], operations: tuple[str, ...]) -> dict[str, Any]:
    """The model with these operations and the shapes that they reach."""
    kept = {name: model["operations"][name] for name in operations}
    shapes: dict[str, Any] = {}
    waiting = list(shape_names(kept))
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            waiting.extend(shape_names(shapes[name]))
    return {"version": model["version"], "metadata": model["metadata"], "operations": kept, "shapes": shapes}


def shape_names(node: object) -> Iterator[str]:
    """Each name that a part of a model refers to as `{"shape": name}`."""
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key == "shape" and isinstance(value, str):
            yield value
        yield from shape_names(value)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_empty_folders(root: Path) -> None:
    for folder in sorted((path for path in root.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
