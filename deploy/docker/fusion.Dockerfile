# The fusion worker. Build from the root of the repository: docker build -f deploy/docker/fusion.Dockerfile .
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY deploy/requirements/fusion.txt /requirements.txt
RUN /venv/bin/pip install --no-deps --require-hashes -r /requirements.txt \
    && rm -rf /venv/lib/python3.11/site-packages/pip /venv/lib/python3.11/site-packages/pip-*.dist-info \
       /venv/lib/python3.11/site-packages/setuptools /venv/lib/python3.11/site-packages/setuptools-*.dist-info
WORKDIR /app
COPY services/__init__.py services/
COPY services/common/*.py services/common/
COPY services/common/contracts services/common/contracts
COPY services/common/media services/common/media
COPY services/common/serving services/common/serving
COPY services/common/statistics services/common/statistics
COPY services/common/work services/common/work
COPY services/common/db services/common/db
COPY fusion fusion
# It reads what the models say about themselves and which version is pinned, and runs none of them.
COPY deploy/models deploy/models
RUN find deploy/models -type f ! -name manifest.json ! -name pinned.json -delete && find deploy/models -type d -empty -delete \
    && /venv/bin/python -m compileall -q services fusion

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
RUN groupadd --gid 10001 candor && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp candor
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER 10001:10001
CMD ["python", "-m", "fusion.tasks"]
