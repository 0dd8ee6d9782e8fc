# docker build -t deployment-k8s-engine .
# docker run -d --read-only -v deps:/deps -v ~/.kube/config:/kubeconfig:ro -e KUBECONFIG=/kubeconfig deployment-k8s-engine
#
# The base images are named by tag to stay readable. Where builds must be repeatable pin them as `name:tag@sha256:...`;
# `docker buildx imagetools inspect <name:tag>` shows the digest.

FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY .ci/setup .ci/setup
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY src src
RUN npm run build && mkdir empty

# Node and its libraries alone: no shell, no package manager. A kubeconfig that gets its token from a program (aws,
# gke-gcloud-auth-plugin) needs an image that holds the program; in a cluster the service account needs none.
FROM gcr.io/distroless/nodejs24-debian13:nonroot
LABEL org.opencontainers.image.title="deployment-k8s-engine" \
      org.opencontainers.image.description="Deploy daemon: a file names a version, Kubernetes follows" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /src/dist/dke.cjs /app/dke.cjs
# A volume that is mounted here for the first time takes over the owner.
COPY --from=build --chown=65532:65532 /src/empty /deps
ENV DEPS=/deps
USER 65532:65532
ENTRYPOINT ["/nodejs/bin/node", "/app/dke.cjs"]
CMD ["run"]
