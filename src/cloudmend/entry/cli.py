"""The command line. Each command is thin: it reads its arguments, calls the house, prints, and exits.

Exit codes: 0 all is well; 1 AWS could not be made so (still open, gone, unreachable, refused); 2 bad input.
"""

from __future__ import annotations

import re
import signal
import sys
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated, Final, Literal, NoReturn

import typer

from cloudmend.core.errors import CloudmendError, EventError, InputError, PolicyError
from cloudmend.core.escaping import terminal
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
_exempt = typer.Typer(help="What is left open on purpose, for a while.", no_args_is_help=True)
app.add_typer(_exempt, name="exempt")

_AS_POLICY: Final = "Default: as the policy says."

_Region = Annotated[str | None, typer.Option("--region", help="Default: the Region that the AWS CLI would use.")]
_Ledger = Annotated[
    str,
    typer.Option(
        "--ledger",
        envvar="CLOUDMEND_LEDGER_TABLE",
        help="The stack's DynamoDB table. Default: a file in your state directory.",
    ),
]
_For = Annotated[str, typer.Option("--for", help="For how long, such as 30m, 2h or 3d; at most 30d.")]
_Reason = Annotated[str, typer.Option("--reason", help="Why, for those who will ask.")]
_Owner = Annotated[str, typer.Option("--owner", help="Who answers for it. Default: your own ARN.")]


def main() -> None:
    """Runs the command line; every error that a user can meet is one sentence on stderr."""
    try:
        app()
    except (EventError, InputError, PolicyError) as error:
        _fail(str(error), 2)
    except CloudmendError as error:
        _fail(str(error), 1)


def _fail(sentence: str, code: int) -> NoReturn:
    sys.stderr.write(f"cloudmend: {terminal(sentence)}\n")
    raise SystemExit(code)


@app.command()
def version() -> None:
    """Print the version."""
    sys.stdout.write(f"cloudmend {installed_version('cloudmend')}\n")


@app.command()
def invoke(
    event: Annotated[Path, typer.Option("--event", "-e", help="The event's JSON file; - is standard input.")],
    group: Annotated[str | None, typer.Option(help="Put this security group id into the event.")] = None,
    region: _Region = None,
    ledger: _Ledger = "",
    policy: Annotated[Path, typer.Option(help="Default: the packaged policy file.", show_default=False)] = PACKAGED,
    guarded_ports: Annotated[str, typer.Option(envvar=GUARDED_PORTS.variable, help=_AS_POLICY)] = "",
    replacement_ipv4: Annotated[str, typer.Option(envvar=REPLACEMENT[4].variable, help=_AS_POLICY)] = "",
    replacement_ipv6: Annotated[str, typer.Option(envvar=REPLACEMENT[6].variable, help=_AS_POLICY)] = "",
    mode: Annotated[str, typer.Option(envvar=MODE.variable, help=f"fix or observe. {_AS_POLICY}")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the records as JSON, one a line.")] = False,
) -> None:
    """Handle one event as the Lambda function would, here and now, with your own credentials.

    Before anything is changed, the group as it was is stored in the ledger; cloudmend undo takes it back.

    Example: cloudmend invoke -e events/event.json --group sg-05fe30eb67c909f27
    """
    from cloudmend.entry.event_file import read_event
    from cloudmend.entry.invocation import invoke as run

    settings = {
        GUARDED_PORTS.variable: guarded_ports,
        REPLACEMENT[4].variable: replacement_ipv4,
        REPLACEMENT[6].variable: replacement_ipv6,
        MODE.variable: mode,
    }
    raise typer.Exit(run(read_event(event, group), settings, policy, region, ledger=ledger, as_json=as_json))


@app.command()
def undo(
    entry_id: Annotated[str, typer.Argument(help="The record's id, as it was told when the group was mended.")],
    duration: _For,
    reason: _Reason,
    owner: _Owner = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    region: _Region = None,
    ledger: _Ledger = "",
) -> None:
    """Take a mend back, exactly: exempt the group for a while, and restore what was narrowed or revoked.

    It is refused, with the difference, where somebody changed the rules since.

    Example: cloudmend undo sg-05fe30eb67c909f27/20261124T070000.000001Z-1a2b3c4d --for 2h --reason "No VPN yet"
    """
    from cloudmend.entry.undoing import undo as run

    run(entry_id, duration=duration, reason=reason, owner=owner, ledger=ledger, region=region, dry_run=dry_run)


@app.command()
def records(
    group: Annotated[str, typer.Option(help="Only those of this security group.")] = "",
    since: Annotated[str, typer.Option(help="Only those of the last, such as 24h. Default: all.")] = "",
    export: Annotated[Path | None, typer.Option(help="Write JSON lines into this file; - is stdout.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --export -.")] = False,
    region: _Region = None,
    ledger: _Ledger = "",
) -> None:
    """Show what was mended, oldest first: when, which group, how it ended, who opened it, what was done, the id.

    Example: cloudmend records --since 24h
    """
    from cloudmend.entry.recording import records as run

    into = Path("-") if as_json else export
    run(group=group, since=since, ledger=ledger, region=region, export=into)


@_exempt.command()
def add(
    group: Annotated[str, typer.Option(help="The security group to leave open.")],
    duration: _For,
    reason: _Reason,
    rule: Annotated[str, typer.Option(help="Only this rule of it, such as sgr-05fe30eb67c909f27.")] = "",
    owner: _Owner = "",
    region: _Region = None,
    ledger: _Ledger = "",
) -> None:
    """Leave a security group as it is for a while, open or not; its owner and the reason are kept.

    Example: cloudmend exempt add --group sg-05fe30eb67c909f27 --for 2h --reason "The vendor has no VPN yet"
    """
    from cloudmend.entry.exempting import add as run

    run(group, rule=rule, duration=duration, reason=reason, owner=owner, ledger=ledger, region=region)


@_exempt.command("list")
def list_exemptions(region: _Region = None, ledger: _Ledger = "") -> None:
    """Show the exemptions that hold; exit code 1 where one cannot be read, which exempts nothing.

    Example: cloudmend exempt list
    """
    from cloudmend.entry.exempting import show as run

    raise typer.Exit(run(ledger, region))


@_exempt.command()
def remove(
    exemption_id: Annotated[str, typer.Argument(help="As cloudmend exempt list shows it.")],
    region: _Region = None,
    ledger: _Ledger = "",
) -> None:
    """End an exemption now: the next event or sweep closes what it left open.

    Example: cloudmend exempt remove exempt-1a2b3c4d
    """
    from cloudmend.entry.exempting import remove as run

    run(exemption_id, ledger, region)


@app.command()
def local(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 4566,
    region: Annotated[str, typer.Option(help="The Region that the printed settings name.")] = "us-east-1",
) -> None:
    """Start the embedded AWS on this machine; Ctrl-C stops it.

    Example: cloudmend local --port 4566
    """
    from cloudmend.entry.embedded import serve

    for ending in (signal.SIGINT, signal.SIGTERM):  # a script's background job starts with SIGINT ignored
        signal.signal(ending, signal.default_int_handler)
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


def _region_names(names: list[str] | None) -> list[str]:
    """The names, if all look like one: another would be part of the address that is asked."""
    for name in names or []:
        if not re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-\d", name, re.ASCII):
            raise typer.BadParameter(f"{name!r} is not the name of a Region, such as eu-west-1.")
    return names or []


_Regions = Annotated[
    list[str] | None,
    typer.Option("--region", callback=_region_names, help="May be given again. Default: all that are enabled."),
]


@app.command()
def scan(
    region: _Regions = None,
    form: Annotated[Literal["table", "json", "csv", "sarif"], typer.Option("--format")] = "table",
    policy: Annotated[Path, typer.Option(help="Default: the packaged policy file.", show_default=False)] = PACKAGED,
    fail_on_findings: Annotated[bool, typer.Option("--fail-on-findings", help="Exit with 3 where any counts.")] = False,
) -> None:
    """Show what is open in all Regions, and what would be done about it. Reads only.

    Exit codes: 0; 1 where a Region could not be read; 2 bad input; 3 with --fail-on-findings, where something is
    open that is not exempt.

    Example: cloudmend scan --region eu-west-1 --region us-east-1 --fail-on-findings
    """
    from cloudmend.entry.policy_file import read_policy
    from cloudmend.entry.scanning import scan as run

    code = run(region or [], read_policy({}, policy), datetime.now(UTC), form, fail_on_findings=fail_on_findings)
    raise typer.Exit(code)


@app.command()
def explain(
    subject: Annotated[str, typer.Argument(metavar="GROUP_ID|RULE_ID|EVENT.json", help="- is an event on stdin.")],
    region: Annotated[str | None, typer.Option(help="Default: the event's, or that of the AWS CLI.")] = None,
    policy: Annotated[Path, typer.Option(help="Default: the packaged policy file.", show_default=False)] = PACKAGED,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Say why a group or a rule is at fault, or not, or what an event leads to. Reads only.

    Example: cloudmend explain sg-05fe30eb67c909f27
    """
    from cloudmend.entry.event_file import read_event
    from cloudmend.entry.explaining import explain as run
    from cloudmend.entry.explaining import is_id
    from cloudmend.entry.policy_file import read_policy

    if subject.startswith(("sg-", "sgr-")) and not is_id(subject) and not Path(subject).exists():
        raise typer.BadParameter(f"{subject!r} is neither an id, such as sg-05fe30eb67c909f27, nor a file.")
    about = subject if is_id(subject) else read_event(Path(subject), None)
    run(about, read_policy({}, policy), datetime.now(UTC), region, as_json=as_json)


if __name__ == "__main__":
    main()
