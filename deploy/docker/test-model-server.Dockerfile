# The project's own PredictionService (tests/model_server.py), where tensorflow/serving cannot be had:
# docker build -f deploy/docker/test-model-server.Dockerfile -t tensorflow/serving:2.20.0 .
# It serves what is mounted at /models, on port 8500, and disregards TF Serving's own arguments.
FROM python:3.11-slim
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1 HOME=/tmp TF_CPP_MIN_LOG_LEVEL=2
RUN python -m venv /venv
COPY deploy/requirements/model-server.txt /requirements.txt
RUN /venv/bin/pip install --no-deps --require-hashes -r /requirements.txt
WORKDIR /app
COPY services/__init__.py services/
COPY services/common/*.py services/common/
COPY services/common/contracts services/common/contracts
COPY services/common/serving services/common/serving
COPY tests/__init__.py tests/model_server.py tests/
USER 10001:10001
EXPOSE 8500
ENTRYPOINT ["sh", "-c", "exec /venv/bin/python -m tests.model_server --models /models --port 8500"]
