"""No locked package has a known vulnerability; the report says by which means that was found."""

import warnings

import pytest

from tests.scripts import audit
from tests.scripts.audit import LOCK


def test_no_locked_package_has_a_known_vulnerability():
    result = audit.audit(LOCK.read_text(encoding="utf-8"))
    assert result.found == ()
    if not result.is_online:
        warnings.warn(f"audited with {result.means}", stacklevel=1)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param('{"dependencies": [{"name": "requests", "skip_reason": "not found"}]}', id="it knows no package"),
        pytest.param('{"dependencies": []}', id="it audited nothing"),
        pytest.param("", id="it cannot be reached"),
    ],
)
def test_a_service_that_did_not_audit_is_no_pass(monkeypatch, said):
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: type("Result", (), {"stdout": said}))
    result = audit.audit("requests==2.31.0 \\\n    --hash=sha256:0\n")
    assert not result.is_online
    assert "recorded on 20" in result.means and "out of reach" in result.means
    assert result.found == ("requests 2.31.0: CVE-2024-47081, mended in 2.32.4",)


def test_what_the_service_finds_is_reported(monkeypatch):
    said = '{"dependencies": [{"name": "requests", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]}]}'
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: type("Result", (), {"stdout": said}))
    result = audit.audit("requests==1 \\\n    --hash=sha256:0\n")
    assert result.is_online
    assert result.found == ("requests 1: X-1, mended in ['2']",)


def test_the_recorded_list_has_a_date_and_is_about_packages_that_are_locked():
    date, advisories = audit.recorded()
    assert date[:2] == "20" and len(advisories) > 15
    assert {package for package, _, _ in advisories} <= set(audit.versions(LOCK.read_text(encoding="utf-8")))
