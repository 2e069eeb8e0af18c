# docker build -t zongji .      China: --build-arg GOPROXY=https://goproxy.cn,direct --build-arg NPM_REGISTRY=https://registry.npmmirror.com
FROM node:20-bookworm-slim AS web
ARG NPM_REGISTRY=https://registry.npmjs.org
WORKDIR /src
COPY agentdesk/web agentdesk/web
COPY channels/webchat/widget channels/webchat/widget
RUN cd agentdesk/web && npm ci --registry=$NPM_REGISTRY && npm run build
RUN cd channels/webchat/widget && npm ci --registry=$NPM_REGISTRY && npm run build

FROM golang:1.26-bookworm AS build
ARG GOPROXY=https://proxy.golang.org,direct
ARG VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/agentdesk/web/dist agentdesk/web/dist
COPY --from=web /src/channels/webchat/widget/dist channels/webchat/widget/dist
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /zongji ./cmd/zongji

RUN mkdir -p /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /zongji /zongji
COPY --from=build --chown=65532:65532 /out/data /data
ENV ZONGJI_LISTEN=0.0.0.0:8080 ZONGJI_DATA=/data
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/zongji"]
CMD ["serve"]
