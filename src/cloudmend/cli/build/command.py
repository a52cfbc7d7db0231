"""`cloudmend build`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_PYTHON = "3.13"  # as the template's Runtime has it


def build(
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The folder to fill. What is in it is removed.", show_default=False)
    ],
    archive: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A ZIP file to write as well.", show_default=False)
    ] = None,
    controls: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER", help="A package with controls of your own. Can be repeated.", show_default=False
        ),
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A template of this function to write as well.", show_default=False),
    ] = None,
    python_version: Annotated[
        str, typer.Option(metavar="VERSION", help="The Python that runs the function.")
    ] = DEFAULT_PYTHON,
) -> None:
    """Build the function for AWS Lambda.

    It holds the locked wheels of its dependencies, and cloudmend's own code.

    The archive runs on both of Lambda's processors. Two builds of the same version are equal, byte for byte.

    Example: cloudmend build --output build/function --archive build/function.zip
    """
    from cloudmend.cli.build.function import build as run
    from cloudmend.cli.build.own import own_controls, write_template
    from cloudmend.template.rules import find_controls

    own = own_controls(controls or ())
    run(python_version, output, archive, controls or (), own)
    if template:
        write_template(template, (*find_controls().values(), *own.values()), output)
