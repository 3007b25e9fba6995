# In place of Mailpit, which exists as an image and as a Go program of its own build alone.
FROM python:3.12-slim-bookworm
RUN python3 -m venv /opt/mailpit && /opt/mailpit/bin/pip install --no-cache-dir --disable-pip-version-check aiosmtpd==1.4.6
COPY mailpit.py /mailpit
RUN chmod 0755 /mailpit
EXPOSE 1025 8025
ENTRYPOINT ["/mailpit"]
