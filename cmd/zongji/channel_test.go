package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zongji/channels"
	"zongji/channels/wechat/wechattest"
	"zongji/internal/zongji"
)

var form = channels.Kind{Name: "pigeon", Form: []channels.Field{
	{Key: "loft", Type: "text", Required: true, Max: 5},
	{Key: "ring", Type: "secret", Required: true},
	{Key: "colour", Type: "select", Default: "grey", Options: []string{"grey", "white"}},
	{Key: "weight", Type: "number"},
}}

func TestReadAccount(t *testing.T) {
	files := func(name string) ([]byte, error) {
		if name == "ring.txt" {
			return []byte("r1ng\n"), nil
		}
		return nil, errors.New("no such file")
	}
	for _, tt := range []struct{ name, text, want string }{
		{"all that is needed", `{"loft":"a","ring":"x"}`, `settings map[colour:grey loft:a] secrets map[ring:x] bot true queue "" key ""`},
		{"what stands beside the kind's settings", `{"name":"n","key":"k","queue":"q","bot":false,"loft":"a","ring":"x","weight":7.5}`, `settings map[colour:grey loft:a weight:7.5] secrets map[ring:x] bot false queue "q" key "k"`},
		{"a secret in a file", `{"loft":"a","ring_file":"ring.txt","colour":"white"}`, `settings map[colour:white loft:a] secrets map[ring:r1ng] bot true queue "" key ""`},
		{"a file that is not there", `{"loft":"a","ring_file":"none"}`, `ring_file: no such file`},
		{"both a secret and its file", `{"loft":"a","ring":"x","ring_file":"ring.txt"}`, `ring and ring_file: give one of them`},
		{"an unknown setting is told with the known ones", `{"loft":"a","ring":"x","nest":"b"}`, `nest: no such setting of pigeon; known are name, key, queue, bot, loft, ring, ring_file, colour, weight`},
		{"all mistakes at once", `{"colour":"red","weight":"heavy","bot":"perhaps","loft":"abcdef"}`, "bot: want true or false\ncolour: want one of grey, white\nloft: has more than 5 characters\nring: is missing\nweight: want a number"},
		{"a list", `{"loft":["a"],"ring":"x"}`, "loft: is missing\nloft: want a text, a number, true or false"},
		{"a part that the kind does not have", `{"loft":{"a":1},"ring":"x"}`, "loft: is missing\nloft_a: no such setting of pigeon; known are name, key, queue, bot, loft, ring, ring_file, colour, weight"},
		{"no object", `[]`, `want one JSON object: json: cannot unmarshal array into Go value of type map[string]interface {}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, queue, err := readAccount(form, []byte(tt.text), files)
			got := fmt.Sprintf("settings %v secrets %v bot %v queue %q key %q", a.Settings, a.Secrets, a.Bot, queue, a.Key)
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("readAccount(%s)\n got %s\nwant %s", tt.text, got, tt.want)
			}
		})
	}
}

// zongjiRun runs the command line on an installation and returns what it prints.
func zongjiRun(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetOut(&out)
	cmd.SetArgs(append(args, "--data", dir, "--db", filepath.Join(dir, "zongji.db")))
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestChannelAgainstARunningServer(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server")
	}
	dir := t.TempDir()
	if _, err := zongjiRun(t, dir, "pack", "load", "after-sales"); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() {
		cmd := root()
		cmd.SetArgs([]string{"serve", "--listen", addr, "--bus", "memory", "--log", "error", "--data", dir, "--db", filepath.Join(dir, "zongji.db")})
		served <- cmd.ExecuteContext(ctx)
	}()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()

	const aes = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
	we := wechattest.New(wechattest.Options{})
	if err := we.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer we.Close()
	kf := we.Corp(wechattest.CorpConfig{CorpID: "ww1", Secret: "s3cret", Token: "tok", AESKey: aes, Callback: "http://" + addr + "/c/shop/"}).Account("wk1", "售后")
	write := func(name string, v any) string {
		b, ok := v.([]byte)
		if !ok {
			b, _ = json.Marshal(v)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	settings := map[string]any{"key": "shop", "name": "商城客服", "corpid": "ww1", "open_kfid": "wk1", "secret_file": write("kf.secret", []byte("s3cret\n")), "token": "tok", "aes_key": aes, "api_base": we.URL()}
	file := write("kf.json", settings)

	if out, err := zongjiRun(t, dir, "channel", "add", "--kind", "wecom", "--config", file); err != nil || !strings.Contains(out, "/c/shop/") {
		t.Fatalf("add: %q, %v", out, err)
	}
	began := time.Now()
	for we := kf.Verify(); we != nil; we = kf.Verify() {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("the server has not opened the account: %v", we)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if _, err := zongjiRun(t, dir, "channel", "add", "--kind", "wecom", "--config", file); err == nil {
		t.Error("the same account was added twice")
	}
	if _, err := zongjiRun(t, dir, "channel", "add", "--kind", "fax", "--config", file); err == nil || !strings.Contains(err.Error(), "wecom") {
		t.Errorf("an unknown kind: %v", err)
	}
	out, err := zongjiRun(t, dir, "channel", "list", "--json")
	var list []zongji.ChannelAccount
	if err := errors.Join(err, json.Unmarshal([]byte(out), &list)); err != nil || strings.Contains(out, "s3cret") || len(list) == 0 || list[len(list)-1].Key != "shop" && list[0].Key != "shop" {
		t.Errorf("list: %s, %v", out, err)
	}
	if out, err := zongjiRun(t, dir, "channel", "list"); err != nil || !strings.Contains(out, "商城客服") {
		t.Errorf("list: %s, %v", out, err)
	}
	out, err = zongjiRun(t, dir, "channel", "check", "商城客服", "--json")
	var steps []channels.Step
	if err := errors.Join(err, json.Unmarshal([]byte(out), &steps)); err != nil || len(steps) < 5 {
		t.Errorf("check: %s, %v", out, err)
	}
	we.Fail("gettoken", 40001, 5)
	if out, err := zongjiRun(t, dir, "channel", "check", "shop"); err == nil || !strings.Contains(out, "BAD  token") {
		t.Errorf("check with a wrong secret: %s, %v", out, err)
	}
	if _, err := zongjiRun(t, dir, "channel", "remove", "shop"); err != nil {
		t.Error(err)
	}
	if _, err := zongjiRun(t, dir, "channel", "check", "shop"); err == nil {
		t.Error("a removed account was checked")
	}
}
