# OCI image that Istio and Envoy Gateway pull: plugin.wasm at the root and nothing else.
# `make image` builds it reproducibly. Any other builder works too, but gives another digest.
FROM scratch
ARG VERSION
ARG LICENCE
ARG DESCRIPTION
ARG SOURCE
LABEL org.opencontainers.image.title="maintenance-filter" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.licenses="$LICENCE" \
      org.opencontainers.image.description="$DESCRIPTION" \
      org.opencontainers.image.source="$SOURCE"
COPY --chmod=644 dist/plugin.wasm /plugin.wasm
