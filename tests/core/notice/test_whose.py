"""Whose a resource is, by its tags, in a mail and in a chat: what somebody wrote, and so escaped."""

from __future__ import annotations

from msgspec.structs import replace

from cloudmend.core.model import Record
from cloudmend.core.notice import chat, mail
from cloudmend.core.notice.wording import NotificationTargets
from records import MENDED

TAGGED = replace(MENDED, whose="Owner: team-a; StartedBy: `bob`\x1b[31m")
TARGETS = NotificationTargets()


def in_chat(record: Record) -> str:
    return str(chat.notification(record)["content"]["description"])


def test_the_tags_are_told_where_the_resource_has_them() -> None:
    assert "Whose:   Owner: team-a; StartedBy: `bob`" in mail.text(TAGGED, TARGETS)
    assert "*Whose:* `Owner: team-a; StartedBy: " in in_chat(TAGGED)


def test_what_controls_a_terminal_is_told_as_text() -> None:
    assert "\x1b" not in mail.text(TAGGED, TARGETS) + in_chat(TAGGED)


def test_without_such_tags_nothing_is_told_of_them() -> None:
    assert "Whose" not in mail.text(MENDED, TARGETS) + in_chat(MENDED)
