"""Several app processes behind nginx: what is missing is said, what ends is started again."""

import re
import socket
import subprocess
import sys
import threading

import pytest

from digit_core.errors import ServingFailed
from digit_core.storage.paths import PROJECT
from scripts.serving import nginx, supervisor
from scripts.serving.postgresql import start_postgresql
from scripts.serving.supervisor import Supervised
from tests.waiting import wait_for

CONFIGURATION = (PROJECT / "deploy" / "cluster" / "nginx.conf").read_text(encoding="utf-8")


def test_the_servers_of_the_compose_file_are_those_of_nginx():
    compose = (PROJECT / "deploy" / "compose.cluster.yaml").read_text(encoding="utf-8")
    servers = re.findall(r"^  (app\d):\n(?:    .*\n)*?    command: .*--server\.port=(\d+)", compose, re.MULTILINE)
    assert len(servers) == 2
    written = (PROJECT / "deploy" / "cluster" / "servers.conf").read_text(encoding="utf-8")
    assert written == nginx.servers_configuration([f"{name}:{port}" for name, port in servers])
    assert len(re.findall(r"^    hostname: app\d\b", compose, re.MULTILINE)) == 2


def test_uploads_as_large_as_the_app_takes_pass_nginx():
    (most,) = re.findall(r"maxUploadSize = (\d+)", (PROJECT / ".streamlit" / "config.toml").read_text())
    (allowed,) = re.findall(r"client_max_body_size (\d+)m;", CONFIGURATION)
    assert int(allowed) > int(most)


def test_without_nginx_the_command_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(nginx.shutil, "which", lambda *_args, **_options: None)
    with pytest.raises(ServingFailed, match="nginx is not installed.*apt install nginx"):
        nginx.nginx_path()


def test_a_port_in_use_is_one_clear_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "scripts/serve.py", "--port", str(port), "--processes", "2"]
        result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert result.returncode == 1
    assert f"Port {port} is in use" in result.stderr
    assert "Traceback" not in result.stderr


def test_too_long_a_path_for_postgresql_is_refused_before_anything_is_written(tmp_path):
    folder = tmp_path / ("long" * 30)
    with pytest.raises(ServingFailed, match=r"too long for PostgreSQL|not installed"):
        start_postgresql(folder)
    assert not folder.exists()


def test_a_process_that_ends_is_started_again_until_all_are_stopped(monkeypatch):
    monkeypatch.setattr(supervisor, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(supervisor, "_BETWEEN_STARTS", 0.1)
    stopped, reports = threading.Event(), []
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    each = Supervised("The test's process", lambda: subprocess.Popen(sleeper))
    thread = threading.Thread(target=supervisor.supervise, args=([each], stopped, reports.append))
    thread.start()
    first = each.process
    first.kill()
    wait_for(lambda: each.process is not first)
    stopped.set()
    thread.join()
    assert each.process.poll() is None
    supervisor.stop([each])
    assert each.process.poll() is not None
    assert reports == ["The test's process has ended (exit code -9); it is started again."]
