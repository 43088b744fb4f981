"""What the app says in the terminal at start: who may do what, and the teacher's code."""

import os
import sys

from digit_core.access.actors import identify_by
from digit_core.access.teacher_code import VARIABLE
from digit_core.errors import DigitError
from pages.components import identity
from pages.components.loopback import LISTENS_ON
from pages.shell.sign_in import EVERYONE


def start() -> None:
    """Print it, and have every action ask for the session's person. Ends the process if the code cannot be used."""
    identify_by(identity.actor)
    try:
        code = identity.teacher_code()
    except DigitError as error:
        sys.exit(str(error))
    if identity.trusts_this_machine():
        print(f"{EVERYONE} Teacher's code for anyone else: {code.code}", flush=True)
        return
    if os.environ.get(LISTENS_ON) and not identity.has_accounts():
        return  # scripts/serve.py has said it, once for all processes
    ways = ["sign in with an account that the secrets list as an owner"] if identity.has_accounts() else []
    if code:
        ways.append("enter the teacher's code: " + (f"it is in {VARIABLE}" if identity.is_code_set() else code.code))
    print(f"Visitors can draw and look. To train and delete, {', or '.join(ways)}.", flush=True)
