"""The inbox holds little: a full one leaves the sockets unread until there is room."""

from functions.ingester.inbox import Frame, Inbox


class Source:
    account = "main"

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause(self):
        self.calls.append("pause")

    def resume(self):
        self.calls.append("resume")


def test_a_full_inbox_pauses_and_an_empty_one_resumes():
    inbox, source = Inbox(high=250, low=150), Source()
    for n in range(3):
        inbox.put(Frame(source, bytes([n]) * 100))
    assert source.calls == ["pause"]
    assert inbox.is_paused
    assert inbox.get(0).payload[0] == 0
    assert source.calls == ["pause"]
    assert inbox.get(0).payload[0] == 1
    assert source.calls == ["pause", "resume"]
    assert not inbox.is_paused
    assert inbox.get(0).payload[0] == 2
    assert inbox.get(0) is None
