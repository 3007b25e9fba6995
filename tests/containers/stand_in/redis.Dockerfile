# Replaces redis:7 where no registry can be reached: Debian's Redis 7.0 with the set-up of that image.
FROM python:3.12-slim-bookworm
RUN groupadd --gid 999 redis && useradd --uid 999 --gid 999 --home-dir /data redis \
    && apt-get update && apt-get install -y --no-install-recommends redis-server redis-tools \
    && rm -rf /var/lib/apt/lists/* && install -d -o 999 -g 999 /data
VOLUME /data
WORKDIR /data
EXPOSE 6379
CMD ["redis-server", "--protected-mode", "no"]
