"""The embedded AWS, started and stopped: one HTTP server on this machine, and what works behind it."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cloudmend.core.loopback import Guarded
from cloudmend.local import (
    account_service,
    eks_service,
    emr_service,
    organizations_service,
    rds_instances,
    redshift_service,
    stored_policies,
    sts_service,
)
from cloudmend.local.clock import CLOCK, lead_moto
from cloudmend.local.clock_endpoint import with_clock
from cloudmend.local.cloudtrail_service import CloudTrailService
from cloudmend.local.dynamodb_service import DynamoDbService
from cloudmend.local.ec2.groups import BehaviourOptions, SecurityGroups
from cloudmend.local.ec2_instances import know_filters
from cloudmend.local.ec2_moto import leave_out_images
from cloudmend.local.ec2_service import Ec2Service
from cloudmend.local.ec2_shared import share
from cloudmend.local.emulator import Emulator, forget_accounts
from cloudmend.local.event_history import EventHistory
from cloudmend.local.eventbridge import Delivery, EventBus
from cloudmend.local.events_service import EventsService
from cloudmend.local.example_organization import Profile, create_organization
from cloudmend.local.front import Front
from cloudmend.local.functions import Functions
from cloudmend.local.iam.policies_of_aws import add_to_accounts
from cloudmend.local.iam.resources_state import EmbeddedState
from cloudmend.local.identity import EXAMPLE_ACCESS_KEY, EXAMPLE_SECRET_KEY, create_walkthrough_user
from cloudmend.local.lag import Lag, LaggingReads
from cloudmend.local.lambda_service import LambdaService
from cloudmend.local.lightsail_service import LightsailService
from cloudmend.local.listener import LOOPBACK, NAME, Containers, Listener, by_name, without_account
from cloudmend.local.messages import SeenCall
from cloudmend.local.queues import QueueService
from cloudmend.local.resources import register
from cloudmend.local.s3 import service as s3_service
from cloudmend.local.s3.buckets import have_defaults
from cloudmend.local.scheduler import Scheduler
from cloudmend.local.stacks import CloudFormationService
from cloudmend.local.timers import Timers
from cloudmend.local.trails import CloudTrail, create_first_trail
from cloudmend.local.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta
    from types import TracebackType
    from typing import Any
    from wsgiref.types import WSGIApplication

_NO_PROXY = "localhost,127.0.0.1"
_AWS_CLI_CONFIG = Path(__file__).with_name("aws_cli.ini")


def _print_to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")


class EmbeddedAws:
    """AWS on this machine, for as long as the context lasts. One at a time: moto's state is the process's.

    Everything is forgotten when the next one starts. `log` gets what the functions print, line by line. `ec2` are
    options of the security groups: reads that lag, calls that are throttled. `concurrency` is how many events are
    handled at once: with one, they are handled in the order in which they come. With `conflicts` one of DynamoDB's
    transactions that touch one item at once is cancelled, rather than made to wait. `containers` are answered too.

    A trail is there that records all management events. Without one no rule hears of a call. AWS does not say whether
    EventBridge still gets the call that silences the last trail; here it does, unless `tells_of_silence` is false.

    `lag` says for how many reads, or how long, a service ("s3") or an operation of it
    ("ec2:GetImageBlockPublicAccessState") still shows what was before a write.

    With `organization`, the account is the management account of one, and `profiles` are those of its accounts.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        region: str = "us-east-1",
        log: Callable[[str], None] = _print_to_stderr,
        ec2: BehaviourOptions | None = None,
        concurrency: int = 1,
        conflicts: bool = False,
        tells_of_silence: bool = True,
        organization: bool = False,
        lag: Mapping[str, Lag] | None = None,
        containers: Containers | None = None,
    ) -> None:
        """Prepare the server, without starting anything. Port 0 stands for any free port."""
        self.region = region
        self._port = port
        self._log = log
        self._ec2: BehaviourOptions = ec2 or {}
        self._concurrency = concurrency
        self._conflicts = conflicts
        self._tells_of_silence = tells_of_silence
        self._organization = organization
        self._lag = lag or {}
        self.profiles: tuple[Profile, ...] = ()
        self._containers = containers
        self._calls: list[SeenCall] = []

    def __enter__(self) -> Self:
        """Start all. Raises OSError if the port is taken, or if the containers' address is not one of this machine."""
        self._listeners = [Listener(LOOPBACK, self._port)]
        self._port = self._listeners[0].port
        if self._containers and self._containers.needs_listener:
            try:
                self._listeners.append(Listener(self._containers.address, self._port))
            except OSError:
                self._listeners[0].close()
                raise
        self.start = secrets.token_hex(8)  # its name, for whoever keeps something of it
        CLOCK.reset()
        lead_moto()
        leave_out_images()
        add_to_accounts()
        know_filters()
        have_defaults()
        redshift_service.know_pending_changes()
        forget_accounts()
        create_walkthrough_user(self.region)
        create_first_trail(self.region)
        self.profiles = create_organization(self.region) if self._organization else ()
        self._worker = Worker(self._concurrency)
        self._state = EmbeddedState(self.groups)
        self._functions = Functions(self.endpoint, self._log, self._calls.append, self._state, self._concurrency)
        self._bus = EventBus(self._functions, self._worker)
        self._timers = Timers(self._bus, Scheduler(self._functions, self._worker, self._bus.note), self._worker)
        front = self._front()
        apps = [self._answering_all(front), *([self._containers.guarded(front)] if self._containers else [])]
        for each, app in zip(self._listeners, apps, strict=False):
            each.serve(app)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the functions, the deliveries and the server; what was seen can still be read."""
        self._functions.close()
        self._worker.close()
        for each in self._listeners:
            each.close()
        CLOCK.reset()

    @property
    def endpoint(self) -> str:
        """The URL, with localhost instead of 127.0.0.1: moto takes any other host of a template URL for a bucket."""
        return f"http://localhost:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make the AWS CLI and SDKs reach this AWS alone, if no other AWS_ variable is set."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": EXAMPLE_ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": EXAMPLE_SECRET_KEY,
            "AWS_CONFIG_FILE": str(_AWS_CLI_CONFIG),
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "NO_PROXY": _NO_PROXY,
            "no_proxy": _NO_PROXY,
            "SAM_CLI_TELEMETRY": "0",
        }

    @property
    def calls(self) -> tuple[SeenCall, ...]:
        """The API calls so far, in the order of the answers."""
        return tuple(self._calls)

    @property
    def events(self) -> tuple[Mapping[str, Any], ...]:
        """The events that were put on the default bus, in order, whether a rule matched them or not."""
        return self._bus.events

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The events that a rule matched, and the result of each delivery."""
        return self._bus.deliveries

    def put_event(self, event: Mapping[str, Any]) -> None:
        """Put a whole event, envelope included, on the default bus: late, twice, or made by hand."""
        self._bus.put(event)

    def settle(self, timeout_s: float) -> None:
        """Return when no delivery is pending. Raises TimeoutError if that takes longer."""
        self._worker.settle(timeout_s)

    @property
    def now(self) -> datetime:
        """The time of this AWS."""
        return CLOCK.now()

    def advance(self, by: timedelta, timeout_s: float = 60) -> None:
        """Move the time forward, and do what is due by then: docs/embedded-aws.md says what follows it.

        Raises TimeoutError if what a schedule wakes takes longer than `timeout_s`, ValueError for a move back.
        """
        self._timers.advance(by, timeout_s)

    def groups(self, account: str, region: str) -> SecurityGroups:
        """Return the security groups of an account and Region."""
        return self._ec2_service.groups(account, region)

    def _front(self) -> WSGIApplication:
        history = EventHistory()
        trails = CloudTrail(self._bus.put, history, tells_of_silence=self._tells_of_silence)
        self._ec2_service = Ec2Service(trails.report, **self._ec2)
        share(self._ec2_service.groups)
        register(self._ec2_service)
        return Front(
            Emulator(),
            {
                "account": account_service.answer,
                "cloudformation": CloudFormationService(self._functions, self._bus.put),
                "cloudtrail": CloudTrailService(history),
                "dynamodb": DynamoDbService(conflicts=self._conflicts),
                "ec2": self._ec2_service,
                "ecr": stored_policies.answer,
                "eks": eks_service.answer,
                "elasticmapreduce": emr_service.answer,
                "events": EventsService(self._bus),
                "kms": stored_policies.answer,
                "lambda": LambdaService(self._functions, self._worker),
                "lightsail": LightsailService(),
                "organizations": organizations_service.answer,
                "rds": rds_instances.answer,
                "redshift": redshift_service.answer,
                "s3": s3_service.answer,
                "secretsmanager": stored_policies.answer,
                "sns": stored_policies.answer,
                "sqs": QueueService(self._functions, self._worker),
                "sts": sts_service.answer,
            },
            self._state,
            region=self.region,
            start=self.start,
            reads=LaggingReads(self._lag),
            on_call=self._calls.append,
            trails=trails,
            log=self._log,
        )

    def _answering_all(self, front: WSGIApplication) -> WSGIApplication:
        """Return the application that answers on this machine's own address.

        Programs of this machine reach it there. Containers do so too, unless they need another address.
        """
        own = without_account(Guarded(with_clock(front, self.advance)))
        if self._containers is None or self._containers.needs_listener:
            return own
        return by_name(NAME, self._port, self._containers.guarded(front), own)
