# Gateway, delivery worker, migration job and admin commands: one image, another command each.
# Build from the root of the repository: docker build -f deploy/docker/gateway.Dockerfile .
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY deploy/requirements/gateway.txt /requirements.txt
RUN /venv/bin/pip install --no-deps --require-hashes -r /requirements.txt \
    && rm -rf /venv/lib/python3.11/site-packages/pip /venv/lib/python3.11/site-packages/pip-*.dist-info \
       /venv/lib/python3.11/site-packages/setuptools /venv/lib/python3.11/site-packages/setuptools-*.dist-info
WORKDIR /app
COPY services/__init__.py services/
COPY services/common/*.py services/common/
COPY services/common/contracts services/common/contracts
COPY services/common/interviews services/common/interviews
COPY services/common/media services/common/media
COPY services/common/serving services/common/serving
COPY services/common/statistics services/common/statistics
COPY services/common/work services/common/work
COPY services/common/db services/common/db
COPY gateway gateway
RUN /venv/bin/python -m compileall -q services gateway

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp GATEWAY_HOST=0.0.0.0
RUN groupadd --gid 10001 candor && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp candor \
    && install --directory --owner=10001 --group=10001 --mode=0750 /media
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER 10001:10001
EXPOSE 8000
CMD ["python", "-m", "gateway.main"]
