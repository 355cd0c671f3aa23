# The video worker. Build from the root of the repository: docker build -f deploy/docker/video.Dockerfile .
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY deploy/requirements/video.txt /requirements.txt
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
COPY services/video services/video
COPY deploy/models/face_emotion deploy/models/face_emotion
COPY deploy/models/face_activation deploy/models/face_activation
COPY deploy/models/face_detector deploy/models/face_detector
COPY deploy/models/face_detector_full deploy/models/face_detector_full
COPY deploy/models/face_landmarks deploy/models/face_landmarks
COPY deploy/models/iris deploy/models/iris
RUN /venv/bin/python -m compileall -q services

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
RUN groupadd --gid 10001 candor && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp candor \
    && install --directory --owner=10001 --group=10001 --mode=0750 /media
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER 10001:10001
CMD ["python", "-m", "services.video.tasks"]
