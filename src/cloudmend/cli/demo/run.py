"""`cloudmend demo`: the walkthrough, step by step, on the embedded AWS, with the real AWS CLI and the real template.

The scripts, the template and the event are the walkthrough's own: those of the clone, or of the installed package.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloudmend.cli import repository
from cloudmend.cli.demo.timeline import PORTS, LogLine, Timeline, mended, share, shared_with
from cloudmend.cli.screen import has_browser
from cloudmend.core.errors import CloudmendError
from cloudmend.local.runtime.process import RUNTIME, architecture
from cloudmend.local.server import EmbeddedAws

WORLD: Final = "0.0.0.0/0"
APPROVED: Final = "10.0.0.0/8"
_STACK: Final = "cloudmend"
_BUCKET: Final = "cloudmend-demo-packages"
_ALL_BLOCKED: Final = "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
_PATIENCE_S: Final = 30.0


class Mend(Struct, frozen=True):
    """A row of the closing table."""

    group: str
    rule: str
    before: str
    after: str
    how: str
    seconds: float


class UnexpectedOutput(CloudmendError):
    """A step did not end as the walkthrough shows."""


def permissions(cidr: str) -> list[dict[str, Any]]:
    """Return what the walkthrough shows of an opened group (0.0.0.0/0) and of a mended one (10.0.0.0/8)."""
    nothing: dict[str, Any] = {"Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}
    return [
        {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}], **nothing}
        for port in sorted(PORTS)
    ]


EGRESS: Final = [
    {"IpProtocol": "-1", "IpRanges": [{"CidrIp": WORLD}], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}
]


def run() -> int:
    """Run the demo. Return 0 if all is as the walkthrough shows, otherwise 1."""
    console = Console(highlight=False)
    log: list[LogLine] = []

    def hear(text: str) -> None:
        log.append(LogLine(datetime.now(UTC), text))

    with EmbeddedAws(log=hear) as aws, tempfile.TemporaryDirectory() as folder:
        walkthrough = Walkthrough(aws, console, log, Path(folder))
        try:
            console.print(_table(walkthrough.locally() + walkthrough.deployed()))
            console.print(Text("Both groups are closed, and their egress is untouched.", "bold green"))
            walkthrough.snapshot()
        except UnexpectedOutput as problem:
            console.print(Text(f"NOT AS THE WALKTHROUGH SHOWS: {problem}", "bold red"))
            console.print(Text("\n".join(line.text for line in log), "dim"))
            return 1
        if has_browser():
            walkthrough.look()
    return 0


class Walkthrough:
    """The steps of the demo: each is printed in a line, run as a command, and checked."""

    def __init__(self, aws: EmbeddedAws, console: Console, log: list[LogLine], folder: Path) -> None:
        """`log` grows by the lines that the deployed function prints."""
        self._aws = aws
        self._log = log
        self._console = console
        self._folder = folder
        self._step = 0
        tools = Path(sys.executable).parent
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CLOUDMEND_"))}
        self._environment = {**own, **aws.environment, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
        self._environment["XDG_STATE_HOME"] = str(folder / "state")  # the demo leaves no ledger behind

    def locally(self) -> list[Mend]:
        """Part one: the handler, invoked by hand on the sample event."""
        self._tell("Create an empty security group.")
        group = self._create("testing")
        self._tell("Open tcp/3389 and tcp/22 to the world.")
        self._run("./bad_boy.sh", group)
        self._tell("Look: anyone may come in.")
        self._describe(group, WORLD)
        self._tell("Invoke the function on the sample event, with this group's id put in.")
        started = time.monotonic()
        self._run("cloudmend", "invoke", "-e", "events/event.json", "--group", group, errors=False)
        seconds = time.monotonic() - started
        self._tell("Look again: narrowed in place, egress untouched.")
        self._describe(group, APPROVED)
        return [Mend(group, f"tcp/{port}", WORLD, APPROVED, "invoke", seconds) for port in PORTS]

    def deployed(self) -> list[Mend]:
        """Part two: the template, deployed, mends by itself."""
        self._tell("Build the function for this machine, and deploy template.yaml.")
        self._deploy()
        self._tell("Create a second group, and open it.")
        group = self._create("testing-deployed")
        self._run("./bad_boy.sh", group)
        self._tell("Nobody invokes anything: the deployed function does it. Look.")
        self._wait_until_closed(group)
        timeline = Timeline(self._aws.calls, self._log)
        for line in timeline.lines():
            self._console.print(Text(f"    {line}", "dim"), soft_wrap=True)
        self._describe(group, APPROVED)
        seconds = timeline.seconds_to_closed()
        return [Mend(group, f"tcp/{port}", WORLD, APPROVED, "deployed", seconds[port]) for port in PORTS]

    def snapshot(self) -> None:
        """Beyond the walkthrough: another service, the same function."""
        self._tell("The same function: share an EBS snapshot with every AWS account.")
        snapshot = share(self._run)
        told = mended(snapshot, self._log, _PATIENCE_S)
        self._console.print(Text(f"    its log: {told}", "dim"), soft_wrap=True)
        if shared_with(snapshot, self._run) or not told:
            raise UnexpectedOutput(f"{snapshot} is still shared, or nothing was logged of its mend.")
        self._console.print(Text("    shared with nobody\nThe snapshot is private again.", "bold green"))

    def look(self) -> None:
        """Show the console of this AWS and the stack's ledger, until somebody presses Enter."""
        self._tell("Look at it in a browser, and undo a mend. Press Enter here to end the demo.")
        stacks = self._run("aws", "cloudformation", "describe-stacks", "--stack-name", _STACK, echo=False, show=False)
        outputs = {output["OutputKey"]: output["OutputValue"] for output in json.loads(stacks)["Stacks"][0]["Outputs"]}
        words = ("cloudmend", "console", "--ledger", outputs["LedgerTableName"])
        # In a session of its own, it is stopped once, by us, and not by the terminal's Ctrl-C as well.
        with subprocess.Popen(words, cwd=repository(), env=self._environment, start_new_session=True) as console:  # noqa: S603
            with suppress(KeyboardInterrupt):
                sys.stdin.readline()
            console.send_signal(signal.SIGINT)

    def _create(self, name: str) -> str:
        words = ("create-security-group", "--group-name", name, "--description", "testing")
        return str(json.loads(self._run("aws", "ec2", *words))["GroupId"])

    def _describe(self, group: str, cidr: str) -> None:
        """Describes the group, shows its rules, and compares them with what the walkthrough shows."""
        described = self._described(group)
        for permission in described["IpPermissions"]:
            self._show(permission, "in ", "red" if permission["IpRanges"] == [{"CidrIp": WORLD}] else "green")
        for permission in described["IpPermissionsEgress"]:
            self._show(permission, "out", "dim")
        by_port = sorted(described["IpPermissions"], key=lambda permission: permission["FromPort"])
        if by_port != permissions(cidr) or described["IpPermissionsEgress"] != EGRESS:
            raise UnexpectedOutput(f"{group} is {json.dumps(described)}, not tcp/22 and tcp/3389 from {cidr}.")

    def _described(self, group: str, *, echo: bool = True) -> dict[str, Any]:
        answer = self._run("aws", "ec2", "describe-security-groups", "--group-ids", group, echo=echo, show=False)
        (described,) = json.loads(answer)["SecurityGroups"]
        return dict(described)

    def _show(self, permission: Mapping[str, Any], direction: str, style: str) -> None:
        ports = f"tcp/{permission['FromPort']}" if permission["IpProtocol"] == "tcp" else "all traffic"
        ranges = ", ".join(item["CidrIp"] for item in permission["IpRanges"])
        self._console.print(Text(f"    {direction} {ports:<12} {ranges}", style))

    def _deploy(self) -> None:
        """Package and deploy the template with the AWS CLI. Only the path of the built code is replaced in it."""
        built, template = self._folder / "function", self._folder / "template.yaml"
        python = RUNTIME.removeprefix("python")
        self._run("cloudmend", "build", "--python-version", python, "--output", str(built))
        text = (repository() / "template.yaml").read_text(encoding="utf-8")
        template.write_text(text.replace("CodeUri: src", f"CodeUri: {built}"), encoding="utf-8")
        packaged = str(self._folder / "packaged.yaml")
        self._run("aws", "s3", "mb", f"s3://{_BUCKET}")
        block = ("--public-access-block-configuration", _ALL_BLOCKED)  # AWS itself gives it to a new bucket
        self._run("aws", "s3api", "put-public-access-block", "--bucket", _BUCKET, *block, show=False)
        paths = ("--template-file", str(template), "--output-template-file", packaged)
        self._run("aws", "cloudformation", "package", *paths, "--s3-bucket", _BUCKET, show=False)
        where = ("--template-file", packaged, "--s3-bucket", _BUCKET)  # it is too large to be sent with the call
        stack = ("--stack-name", _STACK, *where, "--capabilities", "CAPABILITY_IAM")
        runs_on = (f"Architecture={architecture()}", f"Runtime={RUNTIME}")
        self._run("aws", "cloudformation", "deploy", *stack, "--parameter-overrides", *runs_on)

    def _wait_until_closed(self, group: str) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not self._is_closed(group):
            if time.monotonic() > deadline:
                raise UnexpectedOutput(f"{group} is still open after {_PATIENCE_S:.0f} seconds.")
            time.sleep(0.2)
        self._aws.settle(_PATIENCE_S)

    def _is_closed(self, group: str) -> bool:
        found = self._described(group, echo=False)["IpPermissions"]
        return all(permission["IpRanges"] == [{"CidrIp": APPROVED}] for permission in found)

    def _tell(self, sentence: str) -> None:
        self._step += 1
        self._console.print(Text(f"\n{self._step}. {sentence}", "bold"))

    def _run(self, *words: str, echo: bool = True, show: bool = True, errors: bool = True) -> str:
        """Run a command in the repository, and show it and its output. Raises UnexpectedOutput if it fails."""
        if echo:
            self._console.print(Text(f"    $ {self._shortened(shlex.join(words))}", "cyan"), soft_wrap=True)
        done = subprocess.run(  # noqa: S603 - our own words
            words, cwd=repository(), env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise UnexpectedOutput(f"`{shlex.join(words)}` ended with {done.returncode}: {done.stdout}{done.stderr}")
        if show:
            told = self._shortened(done.stdout + done.stderr * errors)
            for line in told.strip().splitlines():
                self._console.print(Text(f"    {line}", "dim"), soft_wrap=True)
        return done.stdout

    def _shortened(self, text: str) -> str:
        """Return a command as a person types it, without temporary folders and without the interpreter's path."""
        return text.replace(f"{self._folder}/", "build/").replace(sys.executable, "python")


def _table(mends: list[Mend]) -> Table:
    table = Table(title="\nWhat was mended", title_justify="left", box=box.SIMPLE_HEAD, caption_justify="left")
    for heading in ("group", "rule", "before", "after", "how"):
        table.add_column(heading, no_wrap=True)
    table.add_column("s", justify="right")
    for mend in mends:
        table.add_row(mend.group, mend.rule, mend.before, mend.after, mend.how, f"{mend.seconds:.2f}")
    table.caption = "s: seconds from the API call to closed; for invoke, of the whole command"
    return table
