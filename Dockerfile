# ---- Build: a virtual environment with Keytrail and what it needs, and no pip in it
FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv --without-pip /opt/keytrail

# What pyproject.toml asks for, in layers of its own: they are built anew when it changes, not with every source file.
COPY pyproject.toml ./
RUN python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
        > /tmp/run.txt \
    && pip --python /opt/keytrail/bin/python install --requirement /tmp/run.txt
RUN python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
        > /tmp/build.txt \
    && pip install --requirement /tmp/build.txt

COPY README.md LICENSE ./
COPY server server
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
    && pip --python /opt/keytrail/bin/python install --no-deps /tmp/wheel/*.whl


# ---- The image
FROM python:3.13-slim

LABEL org.opencontainers.image.title="Keytrail" \
      org.opencontainers.image.description="A local AWS KMS endpoint for tests that knows when each key was last used" \
      org.opencontainers.image.licenses="Apache-2.0"

COPY --from=build /opt/keytrail /opt/keytrail
ENV PATH=/opt/keytrail/bin:$PATH \
    KEYTRAIL_HOST=0.0.0.0 \
    KEYTRAIL_PORT=4599 \
    KEYTRAIL_FIXTURES=/fixtures

# Seed files are mounted at /fixtures, and a volume at /data if KEYTRAIL_DATA_DIR is to name it. The base image comes without bytecode, and nobody may write it later: this leaves
# it for the part of the standard library that is used, which takes two thirds off every start and health check.
RUN mkdir /fixtures && install -d -m 0700 -o 10001 -g 10001 /data && python -c 'import http.client, keytrail.http.app, keytrail.http.console, keytrail.cli, keytrail.server, keytrail.http.tls_transport, keytrail.http.tls, yaml, cryptography.hazmat.primitives.ciphers.aead'

USER 10001:10001
# 4600 is for HTTPS, with KEYTRAIL_TLS_PORT=4600.
EXPOSE 4599 4600
STOPSIGNAL SIGTERM
# A start period would stretch the first interval to 5 s: `--start-interval` is not known to every engine in use.
HEALTHCHECK --interval=2s --timeout=3s --retries=10 CMD ["keytrail", "health"]
ENTRYPOINT ["keytrail"]
CMD ["serve"]
