"""The pages: each reads its context, which is one account as somebody's credentials show it and a ledger, and fills a
template.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from msgspec import Struct
from werkzeug.http import generate_etag, quote_etag
from werkzeug.wrappers import Response as Answer

from cloudmend.aws.world import connection, gateways, own_region, world
from cloudmend.cli.console.difference import difference, noun
from cloudmend.cli.context import DecisionInputs, LookContext, is_of_stack
from cloudmend.cli.exempt.run import end
from cloudmend.cli.ledgers import StackNotifier, open_ledger
from cloudmend.cli.messages import came_to, left_open
from cloudmend.cli.scan.page import asset, short, unbroken
from cloudmend.cli.scan.report import Report, detail_text, numbers_of, sections
from cloudmend.cli.scan.run import Controls, chosen, look_everywhere, report_of
from cloudmend.cli.undo.run import TerminalNotifier, take_back_and_tell
from cloudmend.core.attribution import attribute
from cloudmend.core.errors import CloudmendError, InputError, LedgerError
from cloudmend.core.escaping import command, plural
from cloudmend.core.exempting import ExemptionRequest, parse_duration
from cloudmend.core.ledger import Ledger
from cloudmend.core.ledger_records import LedgerRecord
from cloudmend.core.policy.model import Policy
from cloudmend.core.ports import Clock, Reader
from cloudmend.core.record_ids import find
from cloudmend.core.undo import UndoResult
from cloudmend.core.world import World

_SHOWN: Final = 50  # mends


class ExemptionForm(Struct, frozen=True, kw_only=True):
    """The fields of the undo form, as somebody typed them."""

    duration: str = "2h"
    reason: str = ""
    owner: str = ""
    is_carried_out: bool = False  # else it is a dry run

    @classmethod
    def of_form(cls) -> ExemptionForm:
        form = request.form
        return cls(
            duration=form.get("duration", ""),
            reason=form.get("reason", ""),
            owner=form.get("owner", ""),
            is_carried_out=form.get("step") == "undo",
        )

    def grounds(self, caller: str) -> ExemptionRequest:
        """Return the exemption's grounds. Raises InputError for a duration that is not valid."""
        lasting = parse_duration(self.duration.strip())
        return ExemptionRequest(
            owner=self.owner.strip() or caller, reason=self.reason.strip(), duration=lasting, caller=caller
        )


class Pages:
    """The views. Each may raise CloudmendError, which becomes a page of its own."""

    def __init__(self, context: ConsoleContext) -> None:
        self._context = context

    def blueprint(self) -> Blueprint:
        pages = Blueprint("pages", __name__)
        pages.add_app_template_global(attribute)
        pages.add_app_template_global(came_to)
        pages.add_app_template_global(left_open)
        pages.add_app_template_global(noun)
        pages.add_app_template_filter(detail_text)
        pages.add_app_template_filter(plural)
        pages.add_app_template_filter(short)
        pages.add_app_template_filter(sections)
        pages.add_app_template_filter(numbers_of)
        pages.add_app_template_filter(unbroken)
        pages.add_url_rule("/", view_func=self.home)
        pages.add_url_rule("/findings", view_func=self.findings)
        pages.add_url_rule("/mends", view_func=self.mends)
        pages.add_url_rule("/records/<path:record_id>", view_func=self.record)
        pages.add_url_rule("/records/<path:record_id>", view_func=self.undo, methods=["POST"])
        pages.add_url_rule("/exemptions", view_func=self.exemptions)
        pages.add_url_rule("/exemptions", view_func=self.remove, methods=["POST"])
        pages.add_url_rule("/style.css", view_func=self.style)
        return pages

    def home(self) -> str:
        mends = self._mends()
        tag = quote_etag(generate_etag(mends.encode()))  # the page then asks for another one only
        return render_template("home.html", findings=current_findings(self._context), mends=mends, tag=tag)

    def findings(self) -> str:
        """Return only the open findings of the home page."""
        return render_template("findings.html", findings=current_findings(self._context))

    def mends(self) -> Response:
        """Return only the mends of the home page; status 304 if the browser has them already."""
        response = make_response(self._mends())
        response.add_etag()
        response.make_conditional(request)
        return response

    def record(self, record_id: str) -> str:
        return _record_page(find(self._context.ledger, record_id))

    def undo(self, record_id: str) -> str | Answer | tuple[str, int]:
        """Return a page of the changes that an undo makes. If the person has confirmed them, undo the mend."""
        entry = find(self._context.ledger, record_id)
        form = ExemptionForm.of_form()
        try:
            undone = self._undone(entry, form)
        except CloudmendError as error:
            return _record_page(entry, form=form, problem=str(error)), status_of(error)
        if undone.record is None:
            return _record_page(entry, form=form, planned=undone)
        return redirect(url_for(".record", record_id=entry.id), 303)

    def exemptions(self) -> str:
        found = self._context.ledger.exemptions(self._context.clock.now())
        return render_template("exemptions.html", exemptions=found, has_removed="removed" in request.args)

    def remove(self) -> Answer:
        exemption_id = request.form.get("exemption", "")
        context = self._context
        if not end(exemption_id, context.ledger, context.stack, context.caller, context.clock.now()):
            raise LedgerError(f"There is no exemption {exemption_id} in {context.ledger.name}.")
        return redirect(url_for(".exemptions", removed=""), 303)

    def style(self) -> Response:
        """Return the style sheet that all pages of cloudmend share."""
        return Response(asset("style.css"), mimetype="text/css")

    def _mends(self) -> Markup:
        newest = tuple(islice(self._context.ledger.entries(newest_first=True), _SHOWN))
        return Markup(render_template("mends.html", entries=newest, limit=_SHOWN))  # noqa: S704 - escaped

    def _undone(self, entry: LedgerRecord, form: ExemptionForm) -> UndoResult:
        """Undo a mend in the Region of its record, whatever Regions the console looks at."""
        grounds = form.grounds(self._context.caller())
        here = self._context.world(entry.intent.region)
        return take_back_and_tell(entry, grounds, here, self._context.stack, dry_run=not form.is_carried_out)


def _record_page(
    entry: LedgerRecord, *, form: ExemptionForm | None = None, planned: UndoResult | None = None, problem: str = ""
) -> str:
    # Escaped here and not in the template, where a command would be made one that is nicer to read, and another.
    commands = [escape(command(each.command(entry.intent.region))) for each in planned.requests] if planned else []
    return render_template(
        "record.html",
        entry=entry,
        lines=difference(entry),
        form=form or ExemptionForm(),
        planned=planned,
        commands=commands,
        problem=problem,
    )


def status_of(error: CloudmendError) -> int:
    """Return 400 for an input that is not valid, otherwise 409: the present state does not allow the request."""
    return 400 if isinstance(error, InputError) else 409


class ConsoleContext(Struct, frozen=True, kw_only=True):
    """`readers` are those of the Regions in which findings of the `controls` are looked for.

    `world` gives that of any Region, `caller` the ARN of whoever the credentials are of; both raise CloudmendError.
    `account` is that of the credentials, empty where it is not known.
    """

    readers: Mapping[str, Reader]
    controls: Controls
    policy: Policy
    ledger: Ledger
    clock: Clock
    world: Callable[[str], World]
    caller: Callable[[], str]
    stack: StackNotifier
    account: Callable[[], str]


def console_context(regions: Sequence[str], table: str, policy: Policy) -> ConsoleContext:
    """With the environment's credentials, and its Region where none is given. Raises CloudmendError."""
    named = regions or [own_region()]
    home = connection(named[0])
    ledger = open_ledger(table, named[0])
    return ConsoleContext(
        readers=gateways(named),
        controls=chosen((), policy),
        policy=policy,
        ledger=ledger,
        clock=home.clock,
        world=partial(_world, ledger),
        caller=home.caller,
        stack=StackNotifier(table, named[0]),
        account=home.known_account,
    )


def _world(ledger: Ledger, region: str) -> World:
    """Write what is undone in the browser to the terminal as well."""
    return world(ledger=ledger, notifier=TerminalNotifier(), region=region)


class CurrentFindings(Struct, frozen=True, kw_only=True):
    """The findings as they were at one moment. `unreadable` are exemptions that exempt nothing, each as a sentence."""

    at: datetime
    report: Report
    controls: Controls
    unreadable: tuple[str, ...]


def current_findings(context: ConsoleContext) -> CurrentFindings:
    """Ask AWS and the ledger. Raises CloudmendError if the ledger cannot be read."""
    now = context.clock.now()
    exemptions = context.ledger.exemptions(now)
    is_stacks = is_of_stack(context.stack.table, context.ledger)
    inputs = DecisionInputs(exemptions=exemptions, ledger=context.ledger, keeps_baseline=is_stacks)
    look = LookContext(context.policy, now, inputs, account=context.account())
    report = report_of(look_everywhere(context.readers, context.controls, look, quiet=True))
    return CurrentFindings(at=now, report=report, controls=context.controls, unreadable=exemptions.problems)
