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
# Of each service's model, the operations that the function calls. EC2's has 830, and parsing all of them is a large
# part of a cold start. A test holds these against the permissions that the code declares.
OPERATIONS = {
    Path("dynamodb", "2012-08-10"): ("GetItem", "Query", "TransactWriteItems"),
    Path("ec2", "2016-11-15"): (
        "DescribeManagedPrefixLists",
        "DescribeRegions",
        "DescribeSecurityGroupRules",
        "DescribeSecurityGroups",
        "DescribeVpcs",
        "GetManagedPrefixListAssociations",
        "GetManagedPrefixListEntries",
        "ModifySecurityGroupRules",
        "RevokeSecurityGroupIngress",
    ),
    Path("events", "2015-10-07"): ("PutEvents",),
    Path("securityhub", "2018-10-26"): ("BatchImportFindings",),
    Path("sns", "2010-03-31"): ("Publish",),
    Path("sqs", "2012-11-05"): ("SendMessage",),
    Path("ssm", "2014-11-06"): ("GetParameter",),
}


def remove_unused(tree: Path) -> None:
    for path in [path for pattern in UNUSED for path in tree.rglob(pattern)]:
        remove(path)


def trim_botocore(data: Path) -> None:
    """Keep the shared data and the models of OPERATIONS, each with no other operations."""
    models = {folder: trimmed_model(read_model(data / folder), names) for folder, names in OPERATIONS.items()}
    files = ("endpoint-rule-set-1.json.gz", "paginators-1.json")
    keep = {*(data / name for name in BOTOCORE_DATA), *(data / folder / name for folder in models for name in files)}
    for path in [path for path in data.rglob("*") if path.is_file() and path not in keep]:
        path.unlink()
    for folder, model in models.items():
        (data / folder / "service-2.json").write_text(json.dumps(model, sort_keys=True))
    remove_empty_folders(data)


def read_model(folder: Path) -> dict[str, Any]:
    model: dict[str, Any] = json.loads(gzip.decompress((folder / "service-2.json.gz").read_bytes()))
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
    """Each name that a part of a model refers to as `{"shape": name}`. An operation's errors are a list of them."""
    if isinstance(node, dict) and isinstance(node.get("shape"), str):
        yield node["shape"]
    parts = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for part in parts:
        yield from shape_names(part)


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
