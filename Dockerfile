FROM node:24-slim
WORKDIR /app
COPY package.json package-lock.json ./
# development packages stay: the page is built from them, once, below
RUN npm ci --no-audit --no-fund
COPY . .
RUN node -e "import('./api/web/build.ts').then((web) => web.ensureWebBuilt())" && mkdir /data && chown node:node /data
USER node
VOLUME /data
ENTRYPOINT ["node", "api/cli/main.ts"]
CMD ["start"]
