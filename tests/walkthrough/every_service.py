"""Calls every service of AWS CLI 1 in some Regions, and prints where each call led, as JSON. Nothing is sent.

    python every_service.py [--only SERVICE] REGION ...

It is the program of `aws`, with the environment that it is started in, and with a recorder in the place of the network.
"""

from __future__ import annotations

import io
import json
from argparse import ArgumentParser
from contextlib import redirect_stderr, redirect_stdout
from typing import Any
from urllib.parse import urlsplit

from awscli.botocore import xform_name
from awscli.botocore.awsrequest import AWSResponse
from awscli.clidriver import CLIDriver, create_clidriver

_VALUES: dict[str, Any] = {"boolean": True, "timestamp": "2026-01-01T00:00:00Z", "blob": "YWFh"}
_NUMBERS = ("integer", "long", "float", "double")


class Nothing:
    """The body of an empty answer."""

    def stream(self) -> list[bytes]:
        return [b""]


def value(shape: Any) -> Any:
    """The smallest value of a shape that AWS CLI 1 takes."""
    least = shape.metadata.get("min", 1)
    match shape.type_name:
        case "structure":
            return {name: value(shape.members[name]) for name in shape.required_members}
        case "list":
            return [value(shape.member)] * max(least, 1)
        case "map":
            return {"key": value(shape.value)}
        case "string":
            return shape.enum[0] if shape.enum else "a" * max(least, 1)
        case number if number in _NUMBERS:
            return max(least, 1)
        case other:
            return _VALUES[other]


def simplest(model: Any, commands: Any) -> Any:
    """The operation of a service with the fewest required parameters; none where all are streams."""
    models = (model.operation_model(name) for name in model.operation_names if xform_name(name, "-") in commands)
    plain = [each for each in models if not (each.has_streaming_output or each.has_event_stream_output)]
    return min(plain, key=lambda each: len(each.input_shape.required_members) if each.input_shape else 0, default=None)


def words(driver: CLIDriver, command: Any) -> list[str]:
    """A call of a service, as it is typed after `aws`."""
    operation = simplest(command.service_model, command._get_command_table())
    if operation is None:
        return []
    given = value(operation.input_shape) if operation.input_shape else {}
    given_too = ["--cli-input-json", json.dumps(given)] if given else []
    return [command.name, xform_name(operation.name, "-"), *given_too]


def hosts(driver: CLIDriver, typed: list[str], seen: list[str]) -> list[str]:
    """The hosts that a call would have been sent to."""
    seen.clear()
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        driver.main(typed)
    return sorted({urlsplit(url).netloc for url in seen})


def main(regions: list[str], only: str) -> None:
    seen: list[str] = []

    def recorded(request: Any, **_: Any) -> Any:
        seen.append(request.url)
        return AWSResponse(request.url, 200, {}, Nothing())

    driver = create_clidriver()
    driver.session.register("before-send", recorded)
    commands = driver._get_command_table().values()
    services = [each for each in commands if hasattr(each, "service_model") and only in ("", each.name)]
    typed = {command.name: words(driver, command) for command in services}
    led = {
        name: {region: hosts(driver, [*call, "--region", region], seen) for region in regions}
        for name, call in typed.items()
        if call
    }
    print(json.dumps(led))  # noqa: T201 it is a program


if __name__ == "__main__":
    parser = ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("regions", nargs="+")
    main(**vars(parser.parse_args()))
