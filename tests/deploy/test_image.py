"""The image: what the Dockerfile and the compose file promise, and its steps run on this machine."""

import re
import sys

import pytest

from digit_core.storage.paths import PROJECT
from tests.deploy.image_steps import Dockerfile, ignored, image, run

DOCKERFILE = Dockerfile.read()
COMPOSE = (PROJECT / "compose.yaml").read_text(encoding="utf-8")
SECRET = re.compile(r"(password|token|secret|key)\s*[=:]\s*(?![$?-])\S", re.IGNORECASE)


def compose_service(name: str) -> set[str]:
    """The lines of a service, without indentation and comments."""
    (block,) = re.findall(rf"^  {name}:\n((?:    .*\n)+)", COMPOSE, re.MULTILINE)
    return {line.split(" #")[0].strip() for line in block.splitlines()}


def test_the_base_image_is_pinned_to_a_patch_release_and_the_same_in_every_stage():
    bases = {rest.split()[0] for rest in DOCKERFILE.all("FROM")}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.1[123]\.\d+-slim-\w+", bases.pop())


def test_the_image_runs_as_an_ordinary_user_who_is_set_last():
    names = [name for name, _ in DOCKERFILE.instructions]
    assert DOCKERFILE.all("USER") == ["10001:10001"]
    assert "RUN" not in names[names.index("USER") :] and "COPY" not in names[names.index("USER") :]


def test_the_image_is_checked_by_healthz_and_stopped_by_a_signal_to_the_app_itself():
    assert "/healthz" in DOCKERFILE.command("HEALTHCHECK")[-1]
    assert DOCKERFILE.command("CMD")[:2] == ["python3", "scripts/start.py"]  # no shell that would keep the signal


def test_what_is_fetched_is_locked_and_nothing_else_is():
    for step in DOCKERFILE.all("RUN"):
        assert not re.search(r"apt-get|curl|wget|pip install", step)
    assert not DOCKERFILE.all("ADD")


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "deploy/digit-lab.service", "deploy/nginx.conf"])
def test_no_secret_is_written_down(name):
    text = (PROJECT / name).read_text(encoding="utf-8")
    assert not [line for line in text.splitlines() if SECRET.search(line) and not line.lstrip().startswith("#")]


def test_secrets_and_what_the_app_does_not_need_stay_out_of_the_image():
    for name in (".env", ".streamlit/secrets.toml", ".git/config", "tests/conftest.py", ".venv/bin/python"):
        assert ignored(name), name
    for name in ("streamlit_app.py", ".streamlit/config.toml", "digit_core/shipped/model.tflite", "requirements.lock"):
        assert not ignored(name), name


@pytest.mark.parametrize("service", ["app", "database"])
def test_in_the_compose_file_a_service_is_confined(service):
    lines = compose_service(service)
    assert {"read_only: true", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]'} <= lines
    assert any(line.startswith("tmpfs: [/tmp") for line in lines)
    assert not [line for line in lines if re.match("privileged|network_mode|devices|pid:", line)]
    (volumes,) = [line for line in lines if line.startswith("volumes:")]
    assert re.fullmatch(r"volumes: \[\w+:/[\w/]+\]", volumes)  # a volume of its own, no folder of the host


def test_only_the_app_is_reached_from_this_machine_and_only_it_reaches_the_database():
    app, database = compose_service("app"), compose_service("database")
    assert 'ports: ["127.0.0.1:8501:8501"]' in app and not [line for line in database if line.startswith("ports")]
    assert "networks: [default, inside]" in app and "networks: [inside]" in database
    assert re.search(r"^networks:\n  inside:\n    internal: true$", COMPOSE, re.MULTILINE)


def test_the_app_waits_for_a_database_of_a_pinned_version_with_a_password_from_outside():
    app, database = compose_service("app"), compose_service("database")
    assert "condition: service_healthy" in app and "healthcheck:" in database
    assert any(re.fullmatch(r"image: postgres:\d+\.\d+-\w+", line) for line in database)
    assert "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?set it in .env}" in database
    assert any("digits:${POSTGRES_PASSWORD:?set it in .env}@database/" in line for line in app)


@pytest.mark.skipif(sys.platform == "win32", reason="the image is one of Linux")
def test_the_steps_of_the_dockerfile_lead_to_an_app_that_an_ordinary_user_runs_from_a_read_only_checkout():
    with image() as built:
        health = run(built)
    assert health["status"] == "ok" and health["version"] == "image"
    assert health["checks"]["home"] == "ok"


def test_the_systemd_unit_is_confined_and_lets_trainings_go_on():
    unit = (PROJECT / "deploy" / "digit-lab.service").read_text(encoding="utf-8")
    settings = dict(re.findall(r"^(\w+)=(.*)$", unit, re.MULTILINE))
    assert settings["DynamicUser"] == "yes" and settings["ProtectSystem"] == "strict"
    assert settings["Restart"] == "on-failure" and settings["KillMode"] == "process"
    assert "TMPDIR=/var/lib/digit-lab/tmp" in unit and "digit-lab/tmp" in settings["StateDirectory"]


def test_the_proxy_passes_websockets_uploads_and_large_cookies_and_hides_the_figures():
    proxy = (PROJECT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    config = (PROJECT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    (largest,) = re.findall(r"maxUploadSize = (\d+)", config)
    assert f"client_max_body_size {int(largest) + 1}m" in proxy
    for setting in (
        "proxy_set_header Upgrade $http_upgrade",
        "proxy_buffers 8 16k",
        "proxy_buffer_size 16k",
        "proxy_set_header X-Forwarded-For $remote_addr",
    ):
        assert setting in proxy
    assert re.search(r"location = /metrics \{\s*return 404", proxy)
