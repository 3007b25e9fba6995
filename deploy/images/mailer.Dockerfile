# mailer: the worker and its command line, by the argument: run, check, queue …
ARG PYTHON_IMAGE=python:3.12-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
RUN python3 -m venv /opt/mailer
COPY services/mailer/requirements.txt .
RUN /opt/mailer/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY shared shared
COPY services/mailer services/mailer
RUN /opt/mailer/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation \
    ./shared/runtime ./shared/events ./services/mailer

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/mailer /opt/mailer
ENV PATH=/opt/mailer/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
ENTRYPOINT ["mailer"]
CMD ["run"]
