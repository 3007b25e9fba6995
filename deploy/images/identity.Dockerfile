# identity: web, relay, migrations and the command line, by the argument: serve, relay, migrate …
ARG PYTHON_IMAGE=python:3.12-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
RUN python3 -m venv /opt/identity
COPY services/identity/requirements.txt .
RUN /opt/identity/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY shared shared
COPY services/identity services/identity
RUN /opt/identity/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation \
    ./shared/runtime ./shared/events ./services/identity

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/identity /opt/identity
ENV PATH=/opt/identity/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
EXPOSE 8000
ENTRYPOINT ["identity"]
CMD ["serve"]
