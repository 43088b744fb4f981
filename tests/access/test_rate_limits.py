import pytest

from digit_core.access import actors
from digit_core.access.actors import Actor, Role
from digit_core.access.rate_limits import RateLimit
from digit_core.errors import LimitReached


@pytest.fixture
def act_as(monkeypatch):
    def change(key: str) -> None:
        monkeypatch.setattr(actors, "_identify", lambda: Actor(Role.VISITOR, key))

    return change


def test_a_session_is_refused_beyond_its_rate_and_told_when_to_try_again(act_as):
    limit = RateLimit("tests of a session", "3/minute; 10/hour")
    act_as("one")
    limit.count(3)
    with pytest.raises(LimitReached, match=r"At most 3 tests of a session a minute .* try again in \d+ seconds\."):
        limit.count()
    act_as("another")
    limit.count()


def test_a_refused_action_is_not_counted(act_as):
    limit = RateLimit("tests of counting", "3/minute")
    act_as("one")
    with pytest.raises(LimitReached):
        limit.count(4)
    limit.count(3)


def test_a_command_has_no_limit():
    limit = RateLimit("tests of commands", "1/minute")
    for _ in range(5):
        limit.count()
