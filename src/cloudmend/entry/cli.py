"""The command line. Each command is thin: it reads its arguments, calls the house, prints, and exits.

Exit codes: 0 all is well; 1 AWS could not be made so (still open, gone, unreachable, refused); 2 bad input.
"""

from __future__ import annotations

import json
import signal
import sys
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer

from cloudmend.core.errors import CloudmendError, EventError, PolicyError
from cloudmend.core.policy import GUARDED_PORTS, MODE, REPLACEMENT
from cloudmend.entry.policy_file import PACKAGED

app = typer.Typer(
    help="Mends AWS accounts: what was opened to the world is narrowed, proved closed, and can be undone.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
_policy = typer.Typer(help="What a policy file says.", no_args_is_help=True)
app.add_typer(_policy, name="policy")

_AS_POLICY: Final = "Default: as the policy says."


def main() -> None:
    """Runs the command line; every error that a user can meet is one sentence on stderr."""
    try:
        app()
    except (EventError, PolicyError) as error:
        _fail(str(error), 2)
    except CloudmendError as error:
        _fail(str(error), 1)


def _fail(sentence: str, code: int) -> NoReturn:
    sys.stderr.write(f"cloudmend: {sentence}\n")
    raise SystemExit(code)


@app.command()
def version() -> None:
    """Print the version."""
    sys.stdout.write(f"cloudmend {installed_version('cloudmend')}\n")


@app.command()
def invoke(
    event: Annotated[Path, typer.Option("--event", "-e", help="The event's JSON file; - is standard input.")],
    group: Annotated[str | None, typer.Option(help="Put this security group id into the event.")] = None,
    region: Annotated[str | None, typer.Option(help="Default: the Region that the AWS CLI would use.")] = None,
    policy: Annotated[Path, typer.Option(help="Default: the packaged policy file.", show_default=False)] = PACKAGED,
    guarded_ports: Annotated[str, typer.Option(envvar=GUARDED_PORTS.variable, help=_AS_POLICY)] = "",
    replacement_ipv4: Annotated[str, typer.Option(envvar=REPLACEMENT[4].variable, help=_AS_POLICY)] = "",
    replacement_ipv6: Annotated[str, typer.Option(envvar=REPLACEMENT[6].variable, help=_AS_POLICY)] = "",
    mode: Annotated[str, typer.Option(envvar=MODE.variable, help=f"fix or observe. {_AS_POLICY}")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the records as JSON, one a line.")] = False,
) -> None:
    """Handle one event as the Lambda function would, here and now, with your own credentials.

    Before anything is changed, the rules as they were are written to stderr as one JSON line.

    Example: cloudmend invoke -e events/event.json --group sg-05fe30eb67c909f27
    """
    from cloudmend.entry.invocation import invoke as run

    settings = {
        GUARDED_PORTS.variable: guarded_ports,
        REPLACEMENT[4].variable: replacement_ipv4,
        REPLACEMENT[6].variable: replacement_ipv6,
        MODE.variable: mode,
    }
    raise typer.Exit(run(_read_event(event, group), settings, policy, region, as_json=as_json))


def _read_event(path: Path, group: str | None) -> Any:
    """The event in a file, with a group id put in; raises EventError that names the file and the place in it."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        event = json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise EventError(f"The event cannot be read ({error}). Pass a JSON file, such as events/event.json.") from None
    except ValueError as error:
        raise EventError(f"The event {path} is not JSON ({error}). Correct it there.") from None
    return _with_group(event, group) if group else event


def _with_group(event: Any, group: str) -> Any:
    """The event as if it named this group; what is no event stays as it is, to be refused as such."""
    if not isinstance(event, dict) or not isinstance(event.get("detail"), dict):
        return event
    detail = event["detail"]
    request = detail.get("requestParameters")
    named = {**(request if isinstance(request, dict) else {}), "groupId": group}
    return {**event, "detail": {**detail, "requestParameters": named}}


@app.command()
def local(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 4566,
    region: Annotated[str, typer.Option(help="The Region that the printed settings name.")] = "us-east-1",
) -> None:
    """Start the embedded AWS on this machine; Ctrl-C stops it.

    Example: cloudmend local --port 4566
    """
    from cloudmend.entry.embedded import serve

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a kill ends it as cleanly as Ctrl-C
    serve(port, region)


@_policy.command()
def check(
    file: Annotated[Path, typer.Argument(help="The policy file, such as src/cloudmend/policy.toml.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print it as one line of JSON.")] = False,
) -> None:
    """Explain a policy file in plain sentences, or refuse it with the place and the reason (exit code 2).

    Example: cloudmend policy check src/cloudmend/policy.toml
    """
    from cloudmend.entry.policy_check import check as run

    run(file, datetime.now(UTC), as_json=as_json)


@app.command()
def demo() -> None:
    """Run the whole walkthrough on this machine: open a group, mend it, deploy, open another, watch it mended.

    Example: cloudmend demo
    """
    from cloudmend.entry.demo import run

    raise typer.Exit(run())


@app.command()
def doctor(
    stack_name: Annotated[str, typer.Option(help="The deployed stack.")] = "cloudmend",
    region: Annotated[str | None, typer.Option(help="Default: the Region that the AWS CLI would use.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks as one line of JSON.")] = False,
) -> None:
    """Why is nothing happening? Each check with what was found, and the command that fixes it. It only reads.

    Exit codes: 0 nothing is broken, though there may be warnings; 1 something is broken; 2 bad input.

    Example: cloudmend doctor --stack-name cloudmend --region us-east-1
    """
    from cloudmend.entry.doctoring import doctor as run

    raise typer.Exit(run(stack_name, region, as_json=as_json))


if __name__ == "__main__":
    main()
