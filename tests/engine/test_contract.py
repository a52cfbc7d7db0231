"""What the contract of a control promises and no control of AWS needs yet, on a service of lamps."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.errors import CloudmendError, LedgerError
from cloudmend.core.model import Edit
from cloudmend.core.ports import Call
from cloudmend.engine.look import look
from cloudmend.engine.stations.walk import Agreed, mend
from lamps import CONTROL, ID, SETTLING, Home, policy, refusal, target
from support import NOW


def test_a_lamp_is_switched_off_proved_and_told() -> None:
    home = Home()
    record = home.mend()
    assert (record.status, record.summary) == ("mended", "lamp lamp-1 (the hall): hall: changed from on to off.")
    assert (home.switches, home.told) == ({"hall": "off"}, [record])


def test_what_is_not_there_is_told_as_such() -> None:
    home = Home(switches={})
    home.clock.sleep(121)  # by then AWS's answer is taken for the truth
    record = home.mend()
    assert (record.status, record.summary) == ("gone", "lamp lamp-1 does not exist in eu-west-1.")


def test_a_write_whose_guard_is_stale_is_sent_again_with_a_new_one() -> None:
    home = Home()

    def somebody() -> None:
        home.revision += 1
        home.change("stairs", "off")

    home.before_write = somebody
    record = home.mend()
    assert (record.status, record.errors) == ("mended", ())
    assert [sent["Revision"] for sent in home.written] == ["2"]
    assert home.switches == {"hall": "off", "stairs": "off"}


def test_a_write_whose_guard_is_stale_is_not_sent_over_what_somebody_changed_meanwhile() -> None:
    home = Home(switches={"hall": "on", "stairs": "on"})

    def somebody() -> None:
        home.revision += 1
        home.change("hall", "dimmed")

    home.before_write = somebody
    record = home.mend()
    assert (record.status, home.switches) == ("open", {"hall": "dimmed", "stairs": "on"})
    assert record.errors == ("Somebody else changed it meanwhile, so the rest was not written.",)
    assert (home.mend().status, home.switches) == ("mended", {"hall": "dimmed", "stairs": "off"})  # the next try


def test_a_guard_that_is_always_stale_ends_open_and_is_told() -> None:
    home = Home(refuses=[refusal("StaleRevision")] * 40)
    record = home.mend()
    assert (record.status, record.errors[0]) == ("open", "The lamp said StaleRevision.")
    assert record.severity == "high"
    assert not home.written


def test_what_the_state_refuses_now_is_deferred_and_looked_at_again() -> None:
    home = Home(refuses=[refusal("LampBusy")])
    record = home.mend()
    assert record.status == "deferred"
    told = "The lamp said LampBusy. It cannot be mended now. It is looked at again at 07:05:01 UTC."
    assert record.summary == f"lamp lamp-1 (the hall): {told}"
    (task,) = home.put_off_tasks
    assert (task.control, task.resource.id, task.due) == (CONTROL.id, ID, record.retry_at)


def test_what_is_deferred_where_nobody_comes_again_has_failed() -> None:
    home = Home(refuses=[refusal("LampBusy")], takes=False)
    record = home.mend()
    assert (record.status, record.summary) == (
        "failed",
        "lamp lamp-1 (the hall): The lamp said LampBusy. It is tried again.",
    )


def test_what_is_deferred_and_cannot_be_put_off_has_failed_and_says_why() -> None:
    home = Home(refuses=[refusal("LampBusy")], takes=CloudmendError("The queue is not there."))
    record = home.mend()
    assert record.status == "failed"
    assert record.summary.endswith("It could not be put off: The queue is not there.")


def test_what_is_never_allowed_is_not_sent_again_and_the_rest_is_left() -> None:
    home = Home(switches={"hall": "on", "stairs": "on"}, refuses=[refusal("NotAllowed")])
    record = home.mend()
    assert (record.status, record.errors) == ("open", ("The lamp said NotAllowed.",))
    assert home.switches == {"hall": "on", "stairs": "on"}


def test_what_somebody_else_did_first_is_settled() -> None:
    home = Home(refuses=[refusal("NoSuchSwitch")])
    home.before_write = lambda: home.change("hall", None)
    home.switches["stairs"] = "off"
    record = home.mend()
    assert (record.status, record.summary) == ("mended", "lamp lamp-1 (the hall): somebody else closed it first.")


def test_what_is_refused_is_mended_in_the_stricter_way_which_is_told() -> None:
    home = Home(switches={"hall": "on", "stairs": "off"}, refuses=[refusal("TooLoud")])
    record = home.mend()
    assert (record.status, home.switches) == ("mended", {"stairs": "off"})
    assert record.edits[0].why == "hall is on; in the stricter way, because AWS refused the other"


def test_what_is_refused_in_both_ways_stays_open() -> None:
    home = Home(refuses=[refusal("TooLoud")] * 2 * 3)
    record = home.mend()
    assert (record.status, home.switches, len(record.errors)) == ("open", {"hall": "on"}, 1)


def test_a_control_without_a_stricter_way_tries_none() -> None:
    home = Home(refuses=[refusal("TooLoud")])
    record = home.mend(replace(CONTROL, stricter=None))
    assert (record.status, record.errors) == ("open", ("The lamp said TooLoud.",))


def test_a_person_agreed_to_no_stricter_way() -> None:
    home = Home(refuses=[refusal("TooLoud")])
    agreed = Edit(part="hall", before="on", after="off", did="", why="")
    assert home.mend(agreed=_agreed(agreed)).status == "open"
    assert home.switches == {"hall": "on"}


def test_more_than_a_person_agreed_to_is_not_done() -> None:
    home = Home(switches={"hall": "on", "stairs": "on"})
    agreed = Edit(part="hall", before="on", after="off", did="", why="")
    record = home.mend(agreed=_agreed(agreed))
    assert (record.status, home.written) == ("failed", [])
    assert "Now it would need: stairs: changed from on to off." in record.summary


def test_what_has_to_wait_is_deferred_beside_what_is_mended() -> None:
    home = Home(switches={"hall": "on", "stairs": "hot"})
    record = home.mend()
    assert (record.status, home.switches["hall"]) == ("deferred", "off")
    assert [edit.part for edit in record.edits] == ["hall"]
    assert "stairs is hot" in record.summary


def test_what_has_to_wait_alone_is_deferred_and_nothing_is_written() -> None:
    home = Home(switches={"stairs": "hot"})
    record = home.mend()
    assert (record.status, record.decision, home.written) == ("deferred", "it is hot", [])


def test_what_no_mend_may_touch_is_reported() -> None:
    home = Home(switches={"stairs": "bolted"})
    record = home.mend()
    assert (record.status, record.decision) == ("observed", "somebody bolted it")
    assert record.summary == "lamp lamp-1 (the hall): stairs is bolted. Nothing was changed: somebody bolted it."


def test_a_control_without_put_only_reports() -> None:
    home = Home()
    record = home.mend(replace(CONTROL, put=None))
    assert (record.status, record.decision, home.written) == ("observed", "it is only reported", [])


def test_what_aws_accepted_and_does_not_show_yet_is_pending_and_mended_once_it_shows() -> None:
    home = Home(lags=9)
    slow = replace(CONTROL, settles_in=SETTLING)
    record = home.mend(slow)
    assert record.status == "pending"
    assert record.summary.startswith(
        "lamp lamp-1 (the hall): hall: changed from on to off. AWS accepted that and does not show it yet."
    )
    assert [entry.state for entry in home.store.entries.values()] == ["INTENT"]
    again = home.mend(slow)  # AWS still shows the old value: no second write
    assert (again.status, len(home.written)) == ("pending", 1)
    home.lags = 0
    home.clock.sleep(120)
    assert home.mend(slow).status in ("mended", "clean")
    assert (len(home.written), [entry.state for entry in home.store.entries.values()]) == (1, ["DONE"])


def test_a_part_that_the_event_names_is_read_again_until_it_is_there() -> None:
    reads = 0

    class Late(Home):
        def get(self, *arguments: object) -> object:  # type: ignore[override]
            nonlocal reads
            reads += 1
            if reads == 3:
                self.change("stairs", "on")
            return Home.get(self, *arguments)  # type: ignore[arg-type]

    home = Late(switches={"hall": "off"})
    record = home.mend(parts=["stairs"])
    assert (record.status, home.switches) == ("mended", {"hall": "off", "stairs": "off"})


def test_a_part_that_a_young_event_names_and_aws_does_not_show_is_no_all_clear() -> None:
    home = Home(switches={"hall": "off"})
    record = home.mend(parts=["stairs"])
    assert record.status == "observed"
    assert "AWS does not show stairs yet, which the event names" in record.summary
    assert home.put_off_tasks[0].resource.parts == ("stairs",)


def test_a_lamp_that_a_young_event_names_and_aws_does_not_show_is_no_all_clear() -> None:
    home = Home(switches={})
    home.clock.time = NOW
    record = home.mend(parts=["stairs"])
    assert record.status == "observed"
    assert "AWS does not show lamp-1 itself yet" in record.summary


def test_what_is_read_again_beside_the_intent_is_not_written_over() -> None:
    home = Home(switches={"hall": "on", "stairs": "off"})
    keep = home.ledger.intend

    def intend(intent: object) -> object:
        home.ledger.intend = keep
        entry = keep(intent)
        home.change("stairs", "dimmed")
        return entry

    home.ledger.intend = intend
    record = home.mend(replace(CONTROL, whole=True))
    assert (record.status, home.switches) == ("mended", {"hall": "off", "stairs": "dimmed"})
    states = sorted(entry.state for entry in home.store.entries.values())
    assert states == ["DONE", "FAILED"]


def _agreed(*edits: Edit) -> Agreed:
    return {(CONTROL.id, ID): edits}


@pytest.mark.parametrize("value", ["hot", "bolted", "off"])
def test_while_another_is_at_it_only_what_is_seen_is_told(value: str) -> None:
    home = Home()
    keep = home.ledger.intend

    def intend(intent: object) -> object:
        keep(intent)  # another's, of the same lamp, a moment before
        home.ledger.intend = keep
        home.change("hall", value)
        return keep(intent)

    home.ledger.intend = intend
    record = home.mend()
    status = {"hot": "deferred", "bolted": "observed", "off": "clean"}[value]
    assert (record.status, home.written) == (status, [])


def test_what_somebody_changes_at_every_try_is_never_written_and_has_failed() -> None:
    home = Home()

    def somebody(*_: object) -> Any:
        home.change("stairs", f"off {len(home.switches['stairs'])} times" if "stairs" in home.switches else "off")
        return intend(*_)

    intend, home.ledger.intend = home.ledger.intend, somebody
    record = home.mend(replace(CONTROL, whole=True))
    assert (record.status, home.written) == ("failed", [])
    assert record.summary.endswith("Somebody changed it meanwhile. Nothing was changed; the next try looks again.")
    assert home.told == [record]


def test_what_cannot_be_read_again_beside_the_intent_is_not_written_and_the_next_try_mends() -> None:
    home = Home()

    def unreadable(*_: object) -> Any:
        raise refusal("NotNow")

    read, intend = home.get, home.ledger.intend

    def hidden(*arguments: Any) -> Any:
        home.get = unreadable  # type: ignore[method-assign, assignment]
        return intend(*arguments)

    home.ledger.intend = hidden
    record = home.mend(replace(CONTROL, whole=True))
    assert (record.status, home.written) == ("failed", [])
    assert "The lamp said NotNow." in record.summary
    home.get, home.ledger.intend = read, intend  # type: ignore[method-assign]
    home.clock.sleep(120)
    assert home.mend(replace(CONTROL, whole=True)).status == "mended"


def test_what_is_gone_when_it_is_read_to_prove_the_mend_is_at_fault_no_more() -> None:
    home = Home()
    write = home.write

    def and_unmount(request: Any) -> None:
        write(request)
        home.switches = {}

    home.write = and_unmount  # type: ignore[method-assign]
    record = home.mend()
    assert (record.status, len(home.written)) == ("mended", 1)


def test_without_a_joint_read_one_that_cannot_be_read_costs_no_other() -> None:
    home = Home()
    read = home.get

    def but_one(call: Call, *more: Any) -> Any:
        if call.params["Id"] == "lamp-2":
            raise refusal("NotNow")
        return read(call, *more)

    home.get = but_one  # type: ignore[method-assign, assignment]
    records = mend([target(lamp="lamp-2"), target()], policy(), home.world)
    assert [record.status for record in records] == ["failed", "mended"]


def test_what_the_ledger_cannot_keep_stops_no_look_of_a_process_without_a_log() -> None:
    home = Home()

    def refused(*_: object) -> None:
        raise LedgerError("The table is full.")

    home.ledger.keep_standing = refused
    (record,) = mend([target()], policy(text='mode = "observe"'), home.world)
    assert record.status == "observed"


def test_what_a_process_left_half_done_is_planned_on_as_it_was_begun_while_it_may_live() -> None:
    home = Home(switches={"hall": "on", "stairs": "on"})
    _die_half_way(home)
    home.clock.sleep(10)
    (found,) = look([target()], policy(), home.world)
    assert [(edit.part, edit.after) for edit in found.edits] == [("stairs", "off")]


def test_what_it_left_is_planned_anew_if_it_does_not_close_all_that_is_at_fault_by_now() -> None:
    home = Home(switches={"hall": "on", "stairs": "on"})
    _die_half_way(home)
    home.change("attic", "on")
    (found,) = look([target()], policy(), home.world)
    assert [(edit.part, edit.after) for edit in found.edits] == [("stairs", "off"), ("attic", "off")]


def _die_half_way(home: Home) -> None:
    """Begin a mend of two switches in a process that ends after the first write."""

    def die() -> None:
        raise KeyboardInterrupt

    def and_die_next() -> None:
        home.before_write = die

    home.before_write = and_die_next
    with pytest.raises(KeyboardInterrupt):
        home.mend()
    assert sorted(home.switches.items()) == [("hall", "off"), ("stairs", "on")]
