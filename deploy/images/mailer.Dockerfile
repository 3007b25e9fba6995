# The image of the mailer. Its argument is the command: run, check, queue, dead …
#   docker build -f deploy/images/mailer.Dockerfile -t port-mailer .
# In production, pin the base image: --build-arg PYTHON_IMAGE=python:3.12-slim-bookworm@sha256:…
ARG PYTHON_IMAGE=python:3.12-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
RUN python3 -m venv /opt/mailer
COPY services/mailer/requirements.txt .
RUN /opt/mailer/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
# The time of the commit, for wheels and compiled modules, so that two builds of a commit are equal.
ARG SOURCE_DATE_EPOCH
COPY shared shared
COPY services/mailer services/mailer
# The final image does not contain the build tools.
RUN /opt/mailer/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation \
    ./shared/runtime ./shared/events ./services/mailer \
    && /opt/mailer/bin/pip uninstall --yes --quiet setuptools pip

FROM ${PYTHON_IMAGE} AS mailer
ARG PYTHON_IMAGE
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED
LABEL org.opencontainers.image.title="port-mailer" \
      org.opencontainers.image.description="Events of the port-pass identity system to Chinese mails over SMTP" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}"
COPY --from=build /opt/mailer /opt/mailer
ENV PATH=/opt/mailer/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MAILER_METRICS_BIND=0.0.0.0:9100
USER 10001:10001
EXPOSE 9100
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python3", "-m", "port_runtime.probe", "http://127.0.0.1:9100/readyz"]
ENTRYPOINT ["mailer"]
CMD ["run"]
