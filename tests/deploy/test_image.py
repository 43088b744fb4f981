"""The image: what the Dockerfile and the compose file promise, and its steps run on this machine."""

import re
import sys

import pytest
import yaml

from digit_core.storage.paths import PROJECT
from tests.deploy.image_steps import Dockerfile, ignored, image, run

DOCKERFILE = Dockerfile.read()
SECRET = re.compile(r"(password|token|secret|key)\s*[=:]\s*(?!\$)\S", re.IGNORECASE)


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


def test_in_the_compose_file_every_service_is_confined():
    compose = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))
    assert set(compose["services"]) == {"app", "database"}
    for service in compose["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "/tmp" in service["tmpfs"]
        assert "privileged" not in service and "network_mode" not in service
        for volume in service["volumes"]:
            assert volume.split(":")[0] in compose["volumes"]  # no folder of the host
        for network in set(service["networks"]) - {"default"}:
            assert compose["networks"][network]["internal"] is True
    app, database = compose["services"]["app"], compose["services"]["database"]
    assert "ports" not in database and "default" not in database["networks"]
    assert all(port.startswith("127.0.0.1:") for port in app["ports"])
    assert re.fullmatch(r"postgres:\d+\.\d+-\w+", database["image"])
    assert app["depends_on"]["database"]["condition"] == "service_healthy" and database["healthcheck"]
    assert ":?" in app["environment"]["DIGITS_DATABASE_URL"] and ":?" in database["environment"]["POSTGRES_PASSWORD"]


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
