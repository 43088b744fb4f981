# Digit Lab as an image; how to run it: deploy/README.md. A later patch release of the base image is taken here.
FROM python:3.12.11-slim-bookworm AS packages
WORKDIR /app
COPY requirements.lock ./
COPY scripts/environment.py scripts/
RUN python3 scripts/environment.py

FROM python:3.12.11-slim-bookworm
ARG VERSION=unknown
ENV DIGITS_VERSION=$VERSION \
    DIGITS_HOME=/data \
    DIGITS_LOG=stderr \
    HOME=/tmp \
    TMPDIR=/tmp
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin digits \
    && install --directory --owner=digits --group=digits /data
WORKDIR /app
COPY --from=packages /app/.venv .venv/
COPY . .
# The file system may be read-only when the image runs: what Python would compile then is compiled now.
RUN python3 -m compileall -q digit_core pages scripts
USER 10001:10001
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python3", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/healthz', timeout=8)"]
CMD ["python3", "scripts/start.py", "--", "--server.address=0.0.0.0", "--server.port=8501", "--server.headless=true"]
