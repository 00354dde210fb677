"""The event log survives kills and notices edits."""

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backwright.project import Project
from backwright.task import events
from backwright.task.events import AnswerRecorded, BuildFinished, TaskReceived


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def _received(task: str) -> TaskReceived:
    return TaskReceived(task=task, name="Loans", file=f"tasks/{task}.md", sha256="00")


def test_a_project_without_a_log_has_no_events(project):
    assert events.read(project) == events.Log()


def test_events_come_back_typed_and_numbered_in_the_order_of_writing(project):
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    events.append(project, _received("BE-001"), at=at)
    events.append(project, BuildFinished(build="b1", files=3), at=at)

    log = events.read(project)

    assert [entry.sequence for entry in log.entries] == [1, 2]
    assert log.events == (_received("BE-001"), BuildFinished(build="b1", files=3))
    assert log.entries[0].at == at
    assert log.diagnostics == ()


def test_each_line_is_one_json_object_that_names_its_kind(project):
    events.append(project, _received("BE-001"))
    (line,) = project.events.read_text().splitlines()
    assert json.loads(line)["event"]["kind"] == "task_received"


def _codes(log: events.Log) -> list[tuple[str, str, int]]:
    return [(d.code, d.severity, d.place.line) for d in log.diagnostics]


def test_whatever_byte_a_write_is_killed_at_the_events_before_count_and_the_loss_is_told(project):
    for task in ("BE-001", "BE-002", "BE-003"):
        events.append(project, _received(task))
    data = project.events.read_bytes()
    before = data[: data.rstrip(b"\n").rindex(b"\n") + 1]

    for end in range(len(before), len(data) + 1):
        project.events.write_bytes(data[:end])
        log = events.read(project)
        whole = end >= len(data) - 1  # only the line feed is missing, or nothing
        assert [e.task for e in log.events] == ["BE-001", "BE-002", *(["BE-003"] if whole else [])]
        torn = end > len(before) and not whole
        assert _codes(log) == ([("BW912", "warning", 3)] if torn else [])
        assert project.events.read_bytes() == data[:end], "reading changes nothing"

        events.append(project, BuildFinished(build="b1", files=1))
        log = events.read(project)
        assert project.events.read_bytes().startswith(data[:end]), "what was written is never rewritten"
        assert log.events[-1] == BuildFinished(build="b1", files=1)
        lost = [e for e in log.events if isinstance(e, events.TailLost)]
        assert [e.bytes for e in lost] == ([end - len(before)] if torn else [])
        assert all(d.severity == "warning" for d in log.diagnostics)


def test_the_record_of_a_loss_may_be_killed_itself(project):
    events.append(project, _received("BE-001"))
    with project.events.open("ab") as stream:
        stream.write(b'{"sequence":2,"at":"2026-')
    torn = project.events.read_bytes()
    events.append(project, _received("BE-002"))
    data = project.events.read_bytes()

    for end in range(len(torn), len(data) + 1):
        project.events.write_bytes(data[:end])
        found = events.read(project)
        assert all((d.code, d.severity) == ("BW912", "warning") for d in found.diagnostics)
        events.append(project, _received("BE-003"))
        log = events.read(project)
        assert next(e.task for e in log.events if isinstance(e, TaskReceived)) == "BE-001"
        assert log.events[-1] == _received("BE-003")
        assert all((d.code, d.severity) == ("BW912", "warning") for d in log.diagnostics)


def test_a_line_that_somebody_spoilt_does_not_pass_for_a_killed_write(project):
    for task in ("BE-001", "BE-002"):
        events.append(project, _received(task))
    lines = project.events.read_bytes().splitlines(keepends=True)
    project.events.write_bytes(lines[0] + b"spoilt\n")
    assert _codes(events.read(project)) == [("BW910", "error", 2)]
    events.append(project, _received("BE-003"))
    assert _codes(events.read(project)) == [("BW910", "error", 2)]

    project.events.write_bytes(lines[0] + lines[1][:30] + b"\n" + lines[1])
    found = _codes(events.read(project))
    assert ("BW910", "error", 2) in found, "a whole event that follows did not record the loss"


def test_a_disk_that_is_full_loses_the_event_and_says_so(project, monkeypatch):
    events.append(project, _received("BE-001"))
    write = os.write

    def full(descriptor: int, content: bytes) -> int:
        if len(content) < 20:
            raise OSError(28, "No space left on device")
        return write(descriptor, content[:-10])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        events.append(project, _received("BE-002"))
    monkeypatch.undo()
    assert [e.task for e in events.read(project).events] == ["BE-001"]
    assert _codes(events.read(project)) == [("BW912", "warning", 2)]


def test_an_event_that_lacks_only_its_line_feed_is_kept(project):
    events.append(project, _received("BE-001"))
    project.events.write_bytes(project.events.read_bytes().rstrip(b"\n"))

    events.append(project, _received("BE-002"))

    log = events.read(project)
    assert [e.task for e in log.events] == ["BE-001", "BE-002"]
    assert log.diagnostics == ()


def test_a_line_that_cannot_be_read_is_named_and_the_others_still_count(project):
    for task in ("BE-001", "BE-002", "BE-003"):
        events.append(project, _received(task))
    lines = project.events.read_bytes().split(b"\n")
    lines[1] = b"not json"
    project.events.write_bytes(b"\n".join(lines))

    log = events.read(project)

    assert [e.task for e in log.events] == ["BE-001", "BE-003"]
    assert [(d.code, d.place.line) for d in log.diagnostics] == [("BW910", 2), ("BW911", 3)]


def test_an_edited_line_breaks_the_chain(project):
    answer = AnswerRecorded(question="Q-1", subject="x", text="no", by="ann", role="security")
    events.append(project, answer)
    events.append(project, _received("BE-001"))
    project.events.write_bytes(project.events.read_bytes().replace(b'"no"', b'"yes"'))
    assert [(d.code, d.place.line) for d in events.read(project).diagnostics] == [("BW911", 2)]


def test_a_removed_line_breaks_the_chain(project):
    for task in ("BE-001", "BE-002", "BE-003"):
        events.append(project, _received(task))
    lines = project.events.read_bytes().splitlines(keepends=True)
    project.events.write_bytes(lines[0] + lines[2])
    assert [d.code for d in events.read(project).diagnostics] == ["BW911"]


def test_writers_at_the_same_time_lose_no_event(project):
    def write(number: int) -> None:
        for turn in range(5):
            events.append(project, _received(f"BE-{number}{turn}"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    log = events.read(project)
    assert len(log.entries) == 20
    assert [entry.sequence for entry in log.entries] == list(range(1, 21))
    assert log.diagnostics == ()
