"""Remove the parts of the dependencies that the deployed function does not need."""

import ast
import gzip
import json
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

# Nothing asks for a distribution's metadata or types at run time, and no command is started.
UNUSED = ("*.dist-info", "bin", "tests", "*.pyi", "py.typed", "__pycache__", "*.md")

# Parts of libraries that the function imports nothing of.
UNUSED_PARTS = (
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/middleware_factory",
    *(
        f"aws_lambda_powertools/utilities/{name}"
        for name in (
            "auth_alpha",
            "batch",
            "circuit_breaker",
            "data_classes",
            "data_masking",
            "feature_flags",
            "idempotency",
            "kafka",
            "parameters",
            "parser",
            "streaming",
            "validation",
        )
    ),
    "dateutil/zoneinfo",
)
# botocore writes help texts for its clients' methods. What makes them is imported by every client, and takes longer to
# import than a client takes to call AWS; the function asks nobody for help. Its handlers import `utils`.
DOCS_KEPT = ("utils.py",)
NO_HELP = '''"""In place of botocore's own module: the methods of the function's clients have no help text."""


class ClientMethodDocstring(str):
    def __new__(cls, **_):
        return super().__new__(cls)


PaginatorDocstring = WaiterDocstring = ClientMethodDocstring
'''
# Modules that every client imports, though the function uses nothing of them.
REPLACED = {
    Path("botocore", "docs", "__init__.py"): "",
    Path("botocore", "docs", "docstring.py"): NO_HELP,
    Path("urllib3", "http2", "__init__.py"): "",  # looks for a library that is not here, with all that reads metadata
}

# What botocore reads besides a service's own model.
BOTOCORE_DATA = (
    "_retry.json",  # which errors are worth another try
    "endpoints.json",  # the Regions of each partition
    "partitions.json",  # the same for the endpoint rules
    "sdk-default-configuration.json",  # timeouts and retry mode
)
# Of each service's model, the operations that the function calls for itself and for controls. EC2 has 830: parsing
# all of them is a large part of a cold start.
OWN_OPERATIONS = {
    "dynamodb": ("GetItem", "PutItem", "Query", "TransactWriteItems"),
    "ec2": ("DescribeRegions",),
    "events": ("PutEvents",),
    "securityhub": ("BatchImportFindings",),
    "sns": ("Publish",),
    "sqs": ("SendMessage",),
    "ssm": ("GetParameter",),
    "sts": ("GetCallerIdentity",),
}
# Written by scripts/write_docs.py from the rights of the controls: make generate.
# generated: operations of controls
OPERATIONS_OF_CONTROLS = {
    "cloudtrail": ("LookupEvents",),
    "ec2": (
        "CreateNetworkAclEntry",
        "CreateTags",
        "DeleteNetworkAclEntry",
        "DescribeImages",
        "DescribeInstances",
        "DescribeManagedPrefixLists",
        "DescribeNetworkAcls",
        "DescribeNetworkInterfaces",
        "DescribeSecurityGroupRules",
        "DescribeSecurityGroups",
        "DescribeSnapshotAttribute",
        "DescribeSnapshots",
        "DescribeSubnets",
        "DescribeTransitGateways",
        "DescribeVpcBlockPublicAccessOptions",
        "DescribeVpcEndpointServiceConfigurations",
        "DescribeVpcEndpointServicePermissions",
        "DescribeVpcs",
        "DisableSerialConsoleAccess",
        "EnableEbsEncryptionByDefault",
        "EnableImageBlockPublicAccess",
        "EnableSnapshotBlockPublicAccess",
        "GetEbsDefaultKmsKeyId",
        "GetEbsEncryptionByDefault",
        "GetImageBlockPublicAccessState",
        "GetInstanceMetadataDefaults",
        "GetManagedPrefixListAssociations",
        "GetManagedPrefixListEntries",
        "GetSerialConsoleAccessStatus",
        "GetSnapshotBlockPublicAccessState",
        "ModifyImageAttribute",
        "ModifyInstanceMetadataDefaults",
        "ModifyInstanceMetadataOptions",
        "ModifySecurityGroupRules",
        "ModifySnapshotAttribute",
        "ModifySubnetAttribute",
        "ModifyTransitGateway",
        "ModifyVpcBlockPublicAccessOptions",
        "ModifyVpcEndpointServicePermissions",
        "ReplaceNetworkAclEntry",
        "RevokeSecurityGroupEgress",
        "RevokeSecurityGroupIngress",
    ),
    "ecr": (
        "DescribeRepositories",
        "GetRepositoryPolicy",
        "SetRepositoryPolicy",
    ),
    "eks": (
        "DescribeCluster",
        "ListClusters",
        "UpdateClusterConfig",
    ),
    "emr": (
        "GetBlockPublicAccessConfiguration",
        "PutBlockPublicAccessConfiguration",
    ),
    "events": (
        "DescribeEventBus",
        "ListEventBuses",
        "PutPermission",
    ),
    "kms": (
        "GetKeyPolicy",
        "ListKeys",
        "PutKeyPolicy",
    ),
    "lambda": (
        "GetFunctionConfiguration",
        "GetResourcePolicy",
        "ListAliases",
        "ListFunctions",
        "PutResourcePolicy",
    ),
    "lightsail": (
        "GetInstance",
        "GetInstances",
        "PutInstancePublicPorts",
    ),
    "rds": (
        "DescribeDBClusterSnapshotAttributes",
        "DescribeDBClusterSnapshots",
        "DescribeDBClusters",
        "DescribeDBInstances",
        "DescribeDBSnapshotAttributes",
        "DescribeDBSnapshots",
        "ModifyDBClusterSnapshotAttribute",
        "ModifyDBInstance",
        "ModifyDBSnapshotAttribute",
    ),
    "redshift": (
        "DescribeClusters",
        "ModifyCluster",
    ),
    "s3": (
        "GetBucketAcl",
        "GetBucketPolicy",
        "GetBucketPolicyStatus",
        "GetPublicAccessBlock",
        "ListBuckets",
        "PutBucketAcl",
        "PutBucketPolicy",
        "PutPublicAccessBlock",
    ),
    "s3control": (
        "GetPublicAccessBlock",
        "PutPublicAccessBlock",
    ),
    "secretsmanager": (
        "GetResourcePolicy",
        "ListSecrets",
        "PutResourcePolicy",
    ),
    "sns": (
        "GetTopicAttributes",
        "ListTopics",
        "SetTopicAttributes",
    ),
    "sqs": (
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListQueues",
        "SetQueueAttributes",
    ),
    "ssm": (
        "DescribeDocumentPermission",
        "ListDocuments",
        "ModifyDocumentPermission",
    ),
}
# end
Operations = Mapping[str, tuple[str, ...]]  # by service, as botocore names both


def merged(some: Operations, others: Operations) -> Operations:
    """Return the operations of both."""
    return {
        service: tuple(sorted({*some.get(service, ()), *others.get(service, ())}))
        for service in sorted({*some, *others})
    }


OPERATIONS = merged(OWN_OPERATIONS, OPERATIONS_OF_CONTROLS)


def remove_unused(tree: Path) -> None:
    for path in [path for pattern in UNUSED for path in tree.rglob(pattern)]:
        remove(path)
    for part in UNUSED_PARTS:
        remove(tree / part)


def replace_modules(tree: Path) -> None:
    docs = tree / "botocore" / "docs"
    for path in [path for path in docs.iterdir() if path.name not in DOCS_KEPT]:
        remove(path)
    for name, text in REPLACED.items():
        (tree / name).write_text(text)


def trim_aliases(module: Path, operations: Operations) -> None:
    """Keep only the earlier names of the services that are called.

    botocore tries all of them, one after the other, on each of the hundreds of events that its clients emit.
    """
    text = module.read_text()
    (table,) = (
        node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EVENT_ALIASES"
    )
    kept = {old: new for old, new in ast.literal_eval(table).items() if old in operations}
    module.write_text(text.replace(str(ast.get_source_segment(text, table)), repr(kept)))


def trim_data(data: Path, operations: Operations) -> None:
    """Keep the shared data and the models of the services that are called, with these operations and no words."""
    kept = {data / name: without_words(read(data / name)) for name in BOTOCORE_DATA}
    prefixes = {*operations}
    for service, names in operations.items():
        if not (data / service).is_dir():
            sys.exit(
                f"build: botocore has no service {service!r}. See `operation` of Right in cloudmend.core.contract."
            )
        folder = Path(service, max(path.name for path in (data / service).iterdir()))  # the newest, as botocore does
        for name in ("endpoint-rule-set-1.json", "paginators-1.json"):
            if any((data / folder).glob(f"{name}*")):
                kept[data / folder / name] = without_words(read(data / folder / name))
        model = trimmed_model(read(data / folder / "service-2.json"), names)
        kept[data / folder / "service-2.json"] = without_words(model)
        prefixes.add(model["metadata"]["endpointPrefix"])
    kept[data / "endpoints.json"] = trimmed_endpoints(kept[data / "endpoints.json"], prefixes)
    shutil.rmtree(data)
    for path, content in kept.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, separators=(",", ":")))


def read(path: Path) -> Any:
    """Return the content of a file of botocore's data, compressed or not. `path` has no `.gz`."""
    packed = path.with_name(f"{path.name}.gz")
    return json.loads(gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes())


def without_words(node: Any) -> Any:
    """Return the same data without the documentation that models, rules and examples carry."""
    if isinstance(node, list):
        return [without_words(item) for item in node]
    if not isinstance(node, dict):
        return node
    is_text = isinstance(node.get("documentation"), str)
    return {key: without_words(value) for key, value in node.items() if not (is_text and key == "documentation")}


def trimmed_endpoints(endpoints: dict[str, Any], prefixes: Collection[str]) -> dict[str, Any]:
    """Return the endpoints of each partition's Regions, for the services of these names only."""
    partitions = [
        {**partition, "services": {name: row for name, row in partition["services"].items() if name in prefixes}}
        for partition in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def trimmed_model(model: dict[str, Any], operations: tuple[str, ...]) -> dict[str, Any]:
    """Return the model with these operations and the shapes that they reach."""
    if unknown := [name for name in operations if name not in model["operations"]]:
        service = model["metadata"]["serviceId"]
        sys.exit(
            f"build: {service} has no operation {unknown[0]}. See `operation` of Right in cloudmend.core.contract."
        )
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
    """Yield each name that a part of a model refers to as `{"shape": name}`.

    The errors of an operation are a list of such references.
    """
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
