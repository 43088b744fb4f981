"""Who acts: the person in whose name this thread works.

A command acts for the owner: who can run it can change the files themselves. The app says at start
how to find out whose session it is (`identify_by`); a thread that belongs to no session is then a visitor's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum

from digit_core.errors import NotPermitted
from digit_core.telemetry.events import log_event


class Role(StrEnum):
    """What a person may do: a visitor draws and looks; the owner also trains, activates and deletes."""

    VISITOR = "visitor"
    OWNER = "owner"


class Proof(StrEnum):
    """How a person has shown who they are."""

    NONE = "none"
    MACHINE = "machine"  # they are at this machine
    CODE = "code"  # they know the teacher's code
    ACCOUNT = "account"  # an OpenID Connect provider vouches for them


class Action(StrEnum):
    """What only the owner may do. The value completes "Only the owner of this Digit Lab may ..."."""

    TRAIN = "train a model"
    CANCEL = "cancel a training"
    ACTIVATE = "change the active model"
    DELETE = "delete runs"
    EDIT = "change names and notes of runs"
    COMPUTE = "export a model, measure its robustness or compute its features"
    DOWNLOAD = "download runs"
    IMPORT = "import runs or data sets"
    OTHERS_DRAWINGS = "see or use other people's drawings"


@dataclass(frozen=True)
class Actor:
    """A person: the role, and by what their actions are counted.

    `key` is the same throughout a session, or for a person with an account in all of their sessions. A client
    gets another session at no cost, but not another `address`: the network address, for IPv6 the first 64 bits.
    So a limit counts by both. `person` is the id with which their drawings are stored, and `name` the e-mail
    address of an account.
    """

    role: Role
    key: str = ""
    address: str = ""
    person: str = ""
    proof: Proof = Proof.NONE
    name: str = ""


COMMAND = Actor(Role.OWNER, "command", proof=Proof.MACHINE)
_identify: Callable[[], Actor] = lambda: COMMAND  # noqa: E731 replaced as a whole
_acting: ContextVar[Actor | None] = ContextVar("acting", default=None)


def identify_by(identify: Callable[[], Actor]) -> None:
    """Have `identify` say from now on, in any thread, who acts; for the app."""
    global _identify
    _identify = identify


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Until the end of the block this thread acts for `actor`: it finishes what they were allowed to begin."""
    token = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(token)


def current_actor() -> Actor:
    """Who acts in this thread."""
    return _acting.get() or _identify()


def is_permitted(action: Action) -> bool:
    """Whether the person may do that; every action of `Action` is the owner's."""
    return current_actor().role is Role.OWNER


def require(action: Action) -> None:
    """Raise NotPermitted unless the person may do that."""
    if not is_permitted(action):
        log_event("refused", reason="permission", action=action.name.lower())
        raise NotPermitted(f"Only the owner of this Digit Lab may {action}. Sign in first, in the sidebar.")
