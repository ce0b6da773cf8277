# docker build -t sluice .
# docker run -p 3307:3307 sluice --listen 0.0.0.0:3307 --upstream db.example.com:3306
#
# Beside an application (one network namespace, as in a pod) the default address, 127.0.0.1:3307, is the right one.

FROM node:24-alpine AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json ./
COPY src ./src
RUN npm run build

FROM node:24-alpine AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev

FROM node:24-alpine
# The admin endpoint answers the health check; --admin or SLUICE_ADMIN moves it, say to 0.0.0.0:9307 for Prometheus.
# An empty SLUICE_ADMIN leaves it to the configuration file.
ENV NODE_ENV=production SLUICE_ADMIN=127.0.0.1:9307
WORKDIR /app
COPY package.json LICENSE config.example.json ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/schema.json ./
USER node
EXPOSE 3307
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "/app/dist/cli.js", "health", "--pid", "1"]
# The exec form: signals reach node itself.
ENTRYPOINT ["node", "/app/dist/cli.js"]
