# The image of identity. Its argument is the command: serve, relay, notify, migrate, tidy …
#   docker build -f deploy/images/identity.Dockerfile -t port-identity .
# In production, pin the base image: --build-arg PYTHON_IMAGE=python:3.12-slim-bookworm@sha256:…
ARG PYTHON_IMAGE=python:3.12-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
RUN python3 -m venv /opt/identity
COPY services/identity/requirements.txt .
RUN /opt/identity/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
# The time of the commit, for wheels and compiled modules, so that two builds of a commit are equal.
ARG SOURCE_DATE_EPOCH
COPY shared shared
COPY services/identity services/identity
# The final image does not contain the build tools.
RUN /opt/identity/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation \
    ./shared/runtime ./shared/events ./services/identity \
    && /opt/identity/bin/pip uninstall --yes --quiet setuptools pip

# For docker-compose.yml only: generates the secrets of an installation (deploy/containers/secret_files.py).
FROM ${PYTHON_IMAGE} AS secrets
COPY --from=build /opt/identity /opt/identity
COPY deploy/redis/acl.py /srv/deploy/redis/
COPY deploy/local/keys.py /srv/deploy/local/
COPY deploy/containers/secret_files.py /srv/deploy/containers/
ENV PATH=/opt/identity/bin:$PATH PYTHONPATH=/srv PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
ENTRYPOINT ["python3", "-m", "deploy.containers.secret_files"]

FROM ${PYTHON_IMAGE} AS identity
ARG PYTHON_IMAGE
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED
LABEL org.opencontainers.image.title="port-identity" \
      org.opencontainers.image.description="Accounts, bindings and sessions of Taiwan's port passes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}"
COPY --from=build /opt/identity /opt/identity
ENV PATH=/opt/identity/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    IDENTITY_BIND=0.0.0.0:8000 IDENTITY_METRICS_BIND=0.0.0.0:9100 \
    IDENTITY_RELAY_METRICS_BIND=0.0.0.0:9100 IDENTITY_NOTIFY_METRICS_BIND=0.0.0.0:9100
USER 10001:10001
EXPOSE 8000 9100
STOPSIGNAL SIGTERM
# The metrics and health port of `serve`, `relay` and `notify`.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python3", "-m", "port_runtime.probe", "http://127.0.0.1:9100/readyz"]
ENTRYPOINT ["identity"]
CMD ["serve"]
