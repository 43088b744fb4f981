"""Who acts: the person in whose name this thread works.

A command acts for the owner: who can run it can change the files themselves. The app says at start
how to find out whose session it is (`identify_by`); a thread that belongs to no session is then a visitor's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from digit_core.errors import NotPermitted
from digit_core.telemetry.events import log_event


class Role(StrEnum):
    """What a person may do: a visitor draws and looks; the owner also trains, activates and deletes."""

    VISITOR = "visitor"
    OWNER = "owner"


class Action(StrEnum):
    """What only the owner may do. The value completes "You may not ...; sign in first."."""

    TRAIN = "train a model"
    CANCEL = "cancel a training"
    ACTIVATE = "change the active model"
    DELETE = "delete runs"
    EDIT = "change names and notes of runs"
    COMPUTE = "export a model or measure its robustness"
    IMPORT = "import runs or data sets"
    OTHERS_DRAWINGS = "see or use other people's drawings"


@dataclass(frozen=True)
class Actor:
    """A person: the role, and a key that is the same throughout a session, by which actions are counted."""

    role: Role
    key: str = ""


COMMAND_KEY = "command"
_COMMAND = Actor(Role.OWNER, COMMAND_KEY)
_identify: Callable[[], Actor] = lambda: _COMMAND  # noqa: E731 replaced as a whole


def identify_by(identify: Callable[[], Actor]) -> None:
    """Have `identify` say from now on, in any thread, who acts; for the app."""
    global _identify
    _identify = identify


def current_actor() -> Actor:
    """Who acts in this thread."""
    return _identify()


def is_permitted(action: Action) -> bool:
    """Whether the person may do that; every action of `Action` is the owner's."""
    return current_actor().role is Role.OWNER


def require(action: Action) -> None:
    """Raise NotPermitted unless the person may do that."""
    if not is_permitted(action):
        log_event("refused", reason="permission", action=action.name.lower())
        raise NotPermitted(f"Only the owner of this Digit Lab may {action}. Enter the teacher's code or sign in first.")
