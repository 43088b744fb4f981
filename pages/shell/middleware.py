"""What stands between the browsers' HTTP requests and Streamlit."""

from starlette.middleware import Middleware

from pages.shell.immutable_cache import ImmutableCache
from pages.shell.training_watch import TrainingStatusEndpoint

MIDDLEWARE = [Middleware(TrainingStatusEndpoint), Middleware(ImmutableCache)]
