# Sidecar, operator and collector in one image without shell and package manager. `make image` makes the same without a daemon (scripts/image.ts).
FROM node:24-bookworm-slim AS build
WORKDIR /weir
COPY package.json package-lock.json ./
# The index's engine is an optional package for each platform; so is Node.js, which the image has already.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && rm -rf node_modules/node-bin-* node_modules/node-linux-*
COPY scripts/image/bin/ bin/
RUN cp /usr/local/bin/node bin/node && chmod 0755 bin/*
COPY cmd/ cmd/
COPY pkg/ pkg/
RUN rm -rf cmd/weir pkg/localdb && find node_modules -name '*.d.ts' -o -name '*.map' | xargs rm -f

FROM gcr.io/distroless/cc-debian12
COPY --from=build /weir /weir
ENV NODE_ENV=production
# The sidecar's own user, which no application has; numeric, so that runAsNonRoot can be checked.
USER 13306:13306
ENTRYPOINT ["/weir/bin/weir-sidecar"]
