# syntax=docker/dockerfile:1
# How to run it: docs/docker.md

FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Node comes as a dependency: the one that all tests ran on. Only its program is kept; headers and manual stay here.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && cp -L node_modules/.bin/node /node \
  && rm -rf node_modules/node-linux-* node_modules/.bin node_modules/.package-lock.json
COPY . .

FROM debian:trixie-slim
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends libatomic1 libstdc++6 \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin nidaan \
  && install -d -o nidaan -g nidaan -m 700 /data
COPY --from=build /node /usr/local/bin/node
COPY --from=build /app /app
WORKDIR /app
ENV NODE_ENV=production DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8080}/health/live`).then(answer => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=8", "--heap-growing-percent=100", "--no-allocation-site-pretenuring", "server/node.js", "server/main.ts"]
