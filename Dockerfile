# A desk of one's own for assistants, without AWS: `docker compose up` (compose.yaml), or
# `docker build -t patang-home .` here. What goes in is laid out as the repository is.
FROM node:24.11-slim AS charts
WORKDIR /charts
COPY requirements/charts ./
RUN npm ci --loglevel error

FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements/home.txt requirements/home.txt
RUN pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: \
    --target /app/packages -r requirements/home.txt
COPY layers/core/patang /app/layers/core/patang
COPY workbench/patang_workbench /app/workbench/patang_workbench
COPY functions/__init__.py /app/functions/__init__.py
COPY functions/api /app/functions/api
COPY --from=charts /charts/node_modules/lightweight-charts/dist/lightweight-charts.standalone.production.mjs \
    /app/functions/api/static/lightweight-charts.js
COPY functions/mcp /app/functions/mcp
COPY functions/ingester /app/functions/ingester
COPY model_artifacts /app/model_artifacts
RUN python -m compileall -q --invalidation-mode unchecked-hash /app

FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENV PYTHONPATH=/app:/app/workbench:/app/layers/core:/app/packages
ENV PATANG_HOME=/data
WORKDIR /app
COPY --from=build /app /app
# The one place that may be written; the volume takes its owner from here.
RUN mkdir -p /data && chown 10001:10001 /data && chmod 0700 /data
VOLUME /data
USER 10001:10001
EXPOSE 8721
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8721/healthz', timeout=4)"]
CMD ["python", "-m", "patang_workbench", "mcp", "serve", "--http", "--host", "0.0.0.0", "--port", "8721"]
