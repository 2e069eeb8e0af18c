package app_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// floors lists the packages from the ground up, each floor with its reason. A
// package may import those of lower floors only, never its neighbours.
var floors = []struct {
	why      string
	packages string
}{
	{"the words: std only", "internal/zongji"},
	{"pure logic on the words: no I/O, no clock of its own", "internal/worktime internal/secret internal/search router/rules router/engine bot/match channels/email/eml"},
	{"how it starts, and what a pack says", "configs configs/packs"},
	{"decides with match, writes nothing", "bot"},
	{"the two places that keep state, and what a channel is", "internal/store router/bus channels"},
	{"on top of the store", "internal/auth internal/blob internal/packs"},
	{"what WeChat posts to us: signatures, envelopes", "channels/wechat/wxcrypt"},
	{"calls to WeChat and WeCom", "channels/wechat/wxapi"},
	{"WeChat itself, for tests and the demo: shares no code with the adapters", "channels/wechat/wechattest"},
	{"what leaves by mail", "channels/email/post"},
	{"one adapter each; they know channels, not the router", "channels/channeltest channels/webchat channels/webchat/widget channels/wechat channels/wecom channels/email"},
	{"the message path", "router"},
	{"for people and scripts", "agentdesk/web agentdesk"},
	{"puts the parts together", "internal/app"},
	{"drives a running product from outside", "internal/client"},
	{"shows it", "internal/demo"},
	{"measures it", "internal/bench"},
	{"proves it", "internal/proof"},
	{"flags, signals, exit code", "cmd/zongji"},
}

// tests may use these from anywhere; they import what they help to test.
var testOnly = []string{"internal/testenv", "router/bus/bustest"}

// onlyIn says which outside packages stay in one place.
var onlyIn = map[string]string{
	"database/sql":                  "internal/store",
	"github.com/redis/go-redis":     "router/bus",
	"github.com/gin-gonic/gin":      "agentdesk internal/app",
	"github.com/emersion/go-imap":   "channels/email internal/demo",
	"github.com/gorilla/websocket":  "agentdesk channels/webchat internal/client",
	"github.com/xuri/excelize":      "agentdesk",
	"github.com/longbridgeapp/open": "bot bot/match",
}

func TestImportsGoDownOnly(t *testing.T) {
	floorOf := map[string]int{}
	for i, f := range floors {
		for p := range strings.FieldsSeq(f.packages) {
			floorOf[p] = i
		}
	}
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		from := strings.TrimPrefix(p.ImportPath, "zongji/")
		if slices.Contains(testOnly, from) {
			continue
		}
		mine, known := floorOf[from]
		if !known {
			t.Errorf("%s stands on no floor: add it to the list with its reason", from)
			continue
		}
		for _, imp := range p.Imports {
			if to, ours := strings.CutPrefix(imp, "zongji/"); ours {
				if theirs, ok := floorOf[to]; !ok || theirs >= mine {
					t.Errorf("%s (floor %d: %s) must not import %s", from, mine, floors[mine].why, to)
				}
			}
			for outside, homes := range onlyIn {
				if strings.HasPrefix(imp, outside) && !slices.Contains(strings.Fields(homes), from) {
					t.Errorf("%s must not import %s, only %s may", from, imp, homes)
				}
			}
		}
	}
}
