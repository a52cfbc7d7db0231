"""EC2's wire format, the query protocol: form bodies in, XML out, by botocore's own EC2 model.

moto's parser and serializer are not used: that parser drops parameters it does not know, and fails with a ValueError on
"FromPort=abc"; EC2 refuses both. `memory_client` is a real botocore client whose requests are answered in memory.
"""

from __future__ import annotations

import functools
import io
import os
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StructureShape
from botocore.session import Session

from cloudmend.local.ec2.checks import Ec2Error, invalid
from cloudmend.local.ec2.groups import SecurityGroups

XMLNS = "http://ec2.amazonaws.com/doc/2016-11-15/"
_ANYTHING = re.compile(".*", re.DOTALL)
_INTEGER = (re.compile("-?[0-9]{1,19}"), int)
_NUMBER = (re.compile(r"-?[0-9]+(\.[0-9]+)?"), float)
_SCALARS: Mapping[str, tuple[re.Pattern[str], Callable[[str], Any]]] = {
    "integer": _INTEGER,
    "long": _INTEGER,
    "float": _NUMBER,
    "double": _NUMBER,
    "boolean": (re.compile("true|false", re.IGNORECASE), lambda text: text.lower() == "true"),
}
Tree = dict[str, Any]
"""The form's dotted names as a tree: a node is a dictionary, a leaf is the text of a value."""
OnCall = Callable[[str, dict[str, Any]], None]
_HERMETIC = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""botocore's session variables, without the environment's profile and the user's files."""


@functools.cache
def loader() -> Loader:
    """Return the loader of the process: it keeps the models it has read."""
    return Loader()


@functools.cache
def ec2_model() -> ServiceModel:
    return ServiceModel(loader().load_service_model("ec2", "service-2"), "ec2")


def input_shape(operation: str) -> StructureShape:
    """The shape of the operation's parameters: every operation of EC2 has some. Raises Ec2Error."""
    if operation not in ec2_model().operation_names:
        raise Ec2Error("InvalidAction", f"The action {operation} is not valid for this web service.")
    return ec2_model().operation_model(operation).input_shape


def decode(body: str) -> tuple[str, dict[str, Any]]:
    """The operation and its botocore-shaped parameters. Timestamps and blobs stay text, as sent.

    Raises Ec2Error for an unknown action or parameter and for a value of the wrong type.
    """
    fields = dict(parse_qsl(body, keep_blank_values=True))
    operation = fields.pop("Action", None)
    fields.pop("Version", None)
    if operation is None:
        raise Ec2Error("MissingAction", "The request must contain the parameter Action")
    return operation, _structure(input_shape(operation), _tree(fields), ())


def encode(operation: str, result: Mapping[str, Any], request_id: str) -> bytes:
    """The XML of an answer. Empty lists are sent as empty elements, absent members not at all."""
    root = ET.Element(f"{operation}Response", xmlns=XMLNS)
    ET.SubElement(root, "requestId").text = request_id
    shape = ec2_model().operation_model(operation).output_shape
    if shape is not None:
        _append_members(root, shape, result)
    return _document(root)


def encode_error(error: Ec2Error, request_id: str) -> bytes:
    root = ET.Element("Response")
    element = ET.SubElement(ET.SubElement(root, "Errors"), "Error")
    ET.SubElement(element, "Code").text = error.code
    ET.SubElement(element, "Message").text = error.message
    ET.SubElement(root, "RequestID").text = request_id
    return _document(root)


def wire_name(member: str, shape: Shape) -> str:
    """The name of a member in a request."""
    names = shape.serialization
    if "queryName" in names:
        return str(names["queryName"])
    name = str(names.get("name", member))
    return name[0].upper() + name[1:]


def _tree(fields: Mapping[str, str]) -> Tree:
    tree: Tree = {}
    for name, value in fields.items():
        *parents, last = name.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
            if not isinstance(node, dict):
                raise _unknown(name)
        if last in node:
            raise _unknown(name)
        node[last] = value
    return tree


def _parse(shape: Shape, value: Any, path: tuple[str, ...]) -> Any:
    is_node = isinstance(value, dict)
    if isinstance(shape, StructureShape) and is_node:
        return _structure(shape, value, path)
    if isinstance(shape, ListShape) and is_node:
        return _list(shape, value, path)
    if is_node or isinstance(shape, StructureShape | ListShape):
        raise _unknown(".".join(path))
    return _scalar(shape, value, path)


def _structure(shape: StructureShape, node: Tree, path: tuple[str, ...]) -> dict[str, Any]:
    members = {wire_name(member, inner): (member, inner) for member, inner in shape.members.items()}
    parsed = {}
    for name, value in node.items():
        if name not in members:
            raise _unknown(".".join((*path, name)))
        member, inner = members[name]
        parsed[member] = _parse(inner, value, (*path, name))
    return parsed


def _list(shape: ListShape, node: Tree, path: tuple[str, ...]) -> list[Any]:
    """The members in the order of their numbers, which may have gaps."""
    for index in node:
        if not re.fullmatch(r"[0-9]{1,6}", index):
            raise _unknown(".".join((*path, index)))
    return [_parse(shape.member, node[index], (*path, index)) for index in sorted(node, key=int)]


def _scalar(shape: Shape, text: str, path: tuple[str, ...]) -> Any:
    pattern, convert = _SCALARS.get(shape.type_name, (_ANYTHING, str))
    if not pattern.fullmatch(text):
        raise invalid(
            f"Value ({text}) for parameter {'.'.join(path)} is invalid. It must be of type {shape.type_name}."
        )
    return convert(text)


def _unknown(name: str) -> Ec2Error:
    return Ec2Error("UnknownParameter", f"The parameter {name} is not recognized")


def _append_members(parent: ET.Element, shape: StructureShape, value: Mapping[str, Any]) -> None:
    for member, inner in shape.members.items():
        if value.get(member) is not None:
            name = inner.serialization.get("name", member)
            _append(ET.SubElement(parent, name), inner, value[member])


def _append(element: ET.Element, shape: Shape, value: Any) -> None:
    if isinstance(shape, StructureShape):
        _append_members(element, shape, value)
    elif isinstance(shape, ListShape):
        for item in value:
            _append(ET.SubElement(element, "item"), shape.member, item)
    else:
        element.text = str(value).lower() if isinstance(value, bool) else str(value)


def _document(root: ET.Element) -> bytes:
    text: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return text


def memory_client(groups: SecurityGroups, *, on_call: OnCall | None = None) -> Any:
    """A botocore client "ec2" that speaks the wire format with `groups`.

    `on_call` gets the operation and the parameters of each call before it is answered. Nothing is
    retried. Not safe to be called from several threads at once (the client itself is).
    """
    client = _session().create_client(
        "ec2",
        region_name=groups.region,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",  # noqa: S106 - AWS's own example
        config=Config(retries={"total_max_attempts": 1}, ignore_configured_endpoint_urls=True),
    )
    client.meta.events.register("before-send.ec2", functools.partial(_send, groups, on_call))
    return client


@functools.cache
def _session() -> Session:
    """Return the session of the process: the service model, most of a client's cost, is read once."""
    session = Session(session_vars=_HERMETIC)
    session.register_component("data_loader", loader())
    return session


def _send(groups: SecurityGroups, on_call: OnCall | None, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    request_id = str(uuid.uuid4())
    try:
        operation, params = decode(_text(request.body))
        if on_call is not None:
            on_call(operation, params)
        body = encode(operation, groups.call(operation, params), request_id)
        return _response(request.url, 200, body)
    except Ec2Error as error:
        return _response(request.url, error.status, encode_error(error, request_id))


def _text(body: bytes | str) -> str:
    return body.decode() if isinstance(body, bytes) else body


def _response(url: str, status: int, body: bytes) -> AWSResponse:
    return AWSResponse(url, status, {"Content-Type": "text/xml;charset=UTF-8"}, _Body(body))


class _Body(io.BytesIO):
    """The part of an HTTP body's interface that botocore reads."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()
