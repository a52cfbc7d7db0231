"""The deployed Lambda functions: moto keeps their definition, AWS's runtime client runs their archive.

What a function writes is in its log group, with the lines that Lambda adds; CloudWatch counts its invocations, and
those that failed.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import LifoQueue
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.utils import get_backend
from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.models import logs_backends
from moto.sts.models import sts_backends

from cloudmend.core.partitions import partition_of
from cloudmend.local.clock import CLOCK
from cloudmend.local.iam.collect import identity_in_role
from cloudmend.local.iam.enforce import denial_of
from cloudmend.local.iam.resources_described import ApiCall
from cloudmend.local.messages import SeenCall
from cloudmend.local.runtime.function import FunctionRuntime
from cloudmend.local.runtime.process import FunctionConfiguration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from moto.awslambda.models import LambdaFunction

    from cloudmend.local.iam.resources_described import State
    from cloudmend.local.runtime.function import Invocation

PRINCIPAL = "lambda.amazonaws.com"
NOT_ASSUMED = "The role defined for the function cannot be assumed by Lambda."
# The keys of a function last twelve hours. Its processes start again, with new keys, an hour before.
_KEYS_S = 43_200
_STARTS_ANEW_S = 39_600


class _Environments:
    """The execution environments of one definition: its unpacked archive, and a process for each event at once."""

    def __init__(self, definition: str, archive: TemporaryDirectory[str], runtimes: Sequence[FunctionRuntime]) -> None:
        self.definition = definition
        self.ends = CLOCK.monotonic() + _STARTS_ANEW_S
        self._archive = archive
        self._runtimes = runtimes
        # The one used last is the first to be used again, so no process is started that is not needed.
        self._idle: LifoQueue[FunctionRuntime] = LifoQueue()
        for runtime in runtimes:
            self._idle.put(runtime)

    def invoke(self, event: Any, request_id: str | None) -> Invocation:
        """Wait until one is idle."""
        runtime = self._idle.get()
        try:
            return runtime.invoke(event, request_id=request_id)
        finally:
            self._idle.put(runtime)

    def close(self) -> None:
        for runtime in self._runtimes:
            runtime.close()
        self._archive.cleanup()


def find_function(name_or_arn: str, account: str, region: str) -> LambdaFunction | None:
    """The function as moto knows it, or None. An ARN may end in a version or an alias."""
    if name_or_arn.startswith("arn:"):
        region, account, name_or_arn = _function_of_arn(name_or_arn)
    with suppress(UnknownFunctionException):
        return get_backend(account, region).get_function(name_or_arn)
    return None


def _function_of_arn(arn: str) -> tuple[str, str, str]:
    parts = arn.split(":")
    return parts[3], parts[4], parts[6]


class Functions:
    """Runs functions, each in as many execution environments as may be at work at once, on this machine's own Python.

    A function that asks for another Python or processor is refused when it is deployed (`process.refusal`).
    """

    def __init__(
        self,
        endpoint: str,
        log: Callable[[str], None],
        on_call: Callable[[SeenCall], None],
        state: State,
        concurrency: int = 1,
    ) -> None:
        """`on_call` learns of the calls that Lambda itself makes with a function's role; `state` decides about them.

        `concurrency` is the account's quota for each function; its reserved concurrency may be less.
        """
        self._endpoint = endpoint
        self._concurrency = concurrency
        self._log = log
        self._on_call = on_call
        self._state = state
        self._environments: dict[str, _Environments] = {}
        self._lock = Lock()
        self._closed = False

    def invoke(self, function: LambdaFunction, event: Any, request_id: str | None = None) -> Invocation:
        """Run the handler on an event, and put what it printed into the function's log group."""
        invocation = self._environments_of(function).invoke(event, request_id)
        with self._lock:  # moto's logs and metrics are not made for threads
            write_log(function, invocation, partial(self.acts, function, "logs"))
            count(function, invocation)
        return invocation

    def acts(self, function: LambdaFunction, service: str, operation: str, params: Mapping[str, Any]) -> bool:
        """Return whether the function's role allows a call that Lambda makes for it, and note the call."""
        call = ApiCall(service, operation, params, function.account_id, function.region)
        return self.role_acts(function.role, function.function_name, call)

    def role_acts(self, role: str, session_name: str, call: ApiCall) -> bool:
        """Return whether a role allows a call that a service makes with it, and note the call."""
        identity = identity_in_role(role, session_name)
        denied = denial_of(identity, lambda: call, self._state)
        code = "AccessDenied" if denied else None
        self._on_call(SeenCall(call.service, call.operation, identity.caller.arn, code, CLOCK.now()))
        if denied:
            self._log(denied)
        return not denied

    def prune(self) -> None:
        """End the processes of functions that are no more."""
        with self._lock:
            gone = [arn for arn in self._environments if find_function(arn, "", "") is None]
            closing = [self._environments.pop(arn) for arn in gone]
        for environment in closing:
            environment.close()

    def close(self) -> None:
        """End all processes, at work or not; raises RuntimeError for whoever invokes from now on."""
        with self._lock:
            self._closed = True
            closing, self._environments = list(self._environments.values()), {}
        for environment in closing:
            environment.close()

    def _environments_of(self, function: LambdaFunction) -> _Environments:
        """Return the environments of a function, made again if its code or settings have changed, or its keys end."""
        definition = _definition(function)
        with self._lock:
            known = self._environments.get(function.function_arn)
            if known is not None and known.definition == definition and CLOCK.monotonic() < known.ends:
                return known
            if known is not None:
                known.close()
            made = self._start(function, definition)
            self._environments[function.function_arn] = made
            return made

    def _start(self, function: LambdaFunction, definition: str) -> _Environments:
        if self._closed:
            raise RuntimeError("the embedded AWS is closed")
        archive = TemporaryDirectory(prefix="cloudmend-function-")
        with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as code:
            code.extractall(archive.name)
        configuration = FunctionConfiguration(
            name=function.function_name,
            arn=function.function_arn,
            archive=Path(archive.name),
            handler=function.handler or "",
            environment=self._variables(function),
            timeout_s=float(function.timeout),
            memory_mb=int(function.memory_size),
            region=function.region,
        )
        at_once = min(self._concurrency, function.reserved_concurrency or self._concurrency)
        runtimes = [FunctionRuntime(configuration, self._log) for _ in range(at_once)]
        return _Environments(definition, archive, runtimes)

    def _variables(self, function: LambdaFunction) -> Mapping[str, str]:
        """Return the variables that Lambda adds: keys of a session of the function's role, named after the function."""
        session = sts_backends[function.account_id][partition_of(function.region).id].assume_role(
            region_name=function.region,
            role_session_name=function.function_name,
            role_arn=function.role,
            policy="",
            duration=_KEYS_S,
            external_id="",
        )
        given = {name: str(value) for name, value in function.environment_vars.items()}
        return given | {
            "AWS_ACCESS_KEY_ID": session.access_key_id,
            "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
            "AWS_SESSION_TOKEN": session.session_token,
            "AWS_ENDPOINT_URL": self._endpoint,
        }


def _definition(function: LambdaFunction) -> str:
    """The identity of a function's code and settings: it changes when the function must be started again."""
    facts = [
        function.code_sha_256,
        function.handler,
        function.role,
        function.timeout,
        function.memory_size,
        function.environment_vars,
        function.reserved_concurrency,
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def write_log(function: LambdaFunction, invocation: Invocation, acts: Callable[[str, Mapping[str, Any]], bool]) -> None:
    """Append one invocation to the function's log group, one event a line, as far as its role lets Lambda do so."""
    group, stream = function.logs_group_name, f"{CLOCK.now():%Y/%m/%d}/[$LATEST]{function.function_name}"
    backend = logs_backends[function.account_id][function.region]
    named = {"logGroupName": group, "logStreamName": stream}
    if group not in backend.groups:
        if not acts("CreateLogGroup", {"logGroupName": group}):
            return
        backend.ensure_log_group(group)
    if stream not in backend.groups[group].streams:
        if not acts("CreateLogStream", named):
            return
        backend.create_log_stream(group, stream)
    if not acts("PutLogEvents", named):
        return
    now_ms = int(CLOCK.now().timestamp() * 1000)
    lines = [
        f"START RequestId: {invocation.request_id} Version: $LATEST",
        *invocation.log.splitlines(),
        f"END RequestId: {invocation.request_id}",
    ]
    backend.put_log_events(group, stream, [{"timestamp": now_ms, "message": line} for line in lines])


def count(function: LambdaFunction, invocation: Invocation) -> None:
    """Add an invocation to the metrics of its function."""
    dimensions = [{"Name": "FunctionName", "Value": function.function_name}]
    counted = {"Invocations": 1, "Errors": int(invocation.error is not None)}
    now = CLOCK.now().replace(tzinfo=None)  # moto's are naive
    cloudwatch_backends[function.account_id][function.region].put_metric_data(
        "AWS/Lambda",
        [
            {"MetricName": name, "Value": value, "Dimensions": dimensions, "Timestamp": now}
            for name, value in counted.items()
        ],
    )
