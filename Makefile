# Zongji: make run opens the demo; make test proves it; make build makes bin/zongji.
# In China: GOPROXY=https://goproxy.cn,direct and npm config set registry https://registry.npmmirror.com
SHELL := /bin/bash
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
WEB := agentdesk/web
WIDGET := channels/webchat/widget
GO_FILES := $(shell git ls-files '*.go' '*.sql' '*.lua' go.mod go.sum 2>/dev/null)
WEB_FILES := $(shell git ls-files $(WEB) 2>/dev/null | grep -v /dist/)
WIDGET_FILES := $(shell git ls-files $(WIDGET) 2>/dev/null | grep -v /dist/)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: run build web widget dev test soak bench lint check clean tools browser

run: tools build
	@./bin/zongji demo

build: tools bin/zongji

bin/zongji: $(GO_FILES) $(WEB)/dist/index.html $(WIDGET)/dist/widget.js
	go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/zongji

web: $(WEB)/dist/index.html
widget: $(WIDGET)/dist/widget.js

%/node_modules/.package-lock.json: %/package-lock.json
	cd $* && npm ci --no-audit --no-fund --loglevel=error

$(WEB)/dist/index.html: $(WEB)/node_modules/.package-lock.json $(WEB_FILES)
	cd $(WEB) && npm run --silent build && touch dist/.keep

$(WIDGET)/dist/widget.js: $(WIDGET)/node_modules/.package-lock.json $(WIDGET_FILES)
	cd $(WIDGET) && npm run --silent build && touch dist/.keep

# dev: the demo on :8080 and Vite with hot reload on :5173.
dev: build
	@trap 'kill 0' EXIT; ./bin/zongji demo & cd $(WEB) && npm run dev

tools:
	@scripts/need.sh

test:
	@scripts/test.sh

# soak: the long proofs (minutes of kills, flushes and restarts).
soak: build
	ZONGJI_SOAK=1 ZONGJI_BIN=$(CURDIR)/bin/zongji go test -timeout 60m -run 'Soak|NoLoss|Resume' -v ./internal/proof/...

bench: build
	./bin/zongji bench chat --sockets 5000 --rate 500 --duration 15s
	./bin/zongji bench chat --sockets 5000 --rate max --duration 15s
	./bin/zongji bench route
	./bin/zongji bench list
	./bin/zongji bench erlang

lint:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

# check: what a commit should pass, without the long proofs.
check: lint
	go test -short ./...
	cd $(WEB) && npx vue-tsc --noEmit && npx vitest run
	cd $(WIDGET) && npx tsc --noEmit && npx vitest run

clean:
	rm -rf bin $(WEB)/dist/* $(WIDGET)/dist/*
