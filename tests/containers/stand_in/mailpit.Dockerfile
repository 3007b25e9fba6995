# Replaces Mailpit where its image cannot be pulled; Mailpit has no package that pip or apt could install.
FROM python:3.12-slim-bookworm
RUN python3 -m venv /opt/mailpit && /opt/mailpit/bin/pip install --no-cache-dir --disable-pip-version-check aiosmtpd==1.4.6
COPY mailpit.py /mailpit
RUN chmod 0755 /mailpit
EXPOSE 1025 8025
ENTRYPOINT ["/mailpit"]
