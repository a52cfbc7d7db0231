"""Ask a stack to notify people of what was done by hand in its ledger."""

from __future__ import annotations

import sys

from cloudmend.aws.notice_requests import ask
from cloudmend.aws.world import connection
from cloudmend.core.escaping import terminal
from cloudmend.core.notice.request import NoticeRequest


class StackNotifier:
    """The stack that a ledger's table belongs to. A user's own file belongs to none, and then nobody gets a notice."""

    def __init__(self, table: str, region: str | None) -> None:
        self.table = table
        self._region = region

    def tell(self, request: NoticeRequest) -> None:
        """Ask it to notify people; say so on stderr if it could not be asked."""
        problem = ask(connection(self._region).brief_gateway, request) if self.table else ""
        if problem:
            sys.stderr.write(f"cloudmend: What was done stands, but nobody was notified of it: {terminal(problem)}\n")
