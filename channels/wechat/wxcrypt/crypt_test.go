package wxcrypt_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"zongji/channels/wechat/wxcrypt"
	"zongji/internal/testenv"
)

// vector is one case of wxcrypt.json.
type vector struct {
	Name, Kind, Token, Timestamp, Nonce, Signature, Echostr, Encrypt, Plain, Random, Body string

	AESKey          string `json:"aes_key"`
	Receiver        string `json:"receive_id"`
	MsgSignature    string `json:"msg_signature"`
	ExpectPlain     string `json:"expect_plain"`
	ExpectEncrypt   string `json:"expect_encrypt"`
	ExpectSignature string `json:"expect_signature"`
}

func vectors(t testing.TB) []vector {
	raw, err := os.ReadFile(testenv.Data(t, "wechat-email-vectors", "wxcrypt.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vs []vector
	if err := json.Unmarshal(raw, &vs); err != nil {
		t.Fatal(err)
	}
	return vs
}

func crypt(t testing.TB, token, receiver string, keys ...string) *wxcrypt.Crypt {
	t.Helper()
	c, err := wxcrypt.New(token, receiver, keys...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestVectors(t *testing.T) {
	vs := vectors(t)
	if len(vs) != 29 {
		t.Errorf("%d vectors, want 29", len(vs))
	}
	for _, v := range vs {
		t.Run(v.Name, func(t *testing.T) {
			c := crypt(t, v.Token, v.Receiver, v.AESKey)
			if v.Body != "" {
				f, err := wxcrypt.Parse([]byte(v.Body))
				if err != nil || f["Encrypt"] != v.Encrypt {
					t.Errorf("Parse: Encrypt %q, %v", f["Encrypt"], err)
				}
			}
			switch v.Kind {
			case "plain_signature":
				if !c.Plain(v.Signature, v.Timestamp, v.Nonce) {
					t.Error("Plain refuses a right signature")
				}
			case "encrypt":
				got, sig := c.Seal([]byte(v.Random), []byte(v.Plain), v.Timestamp, v.Nonce)
				if got != v.ExpectEncrypt || v.ExpectSignature != "" && sig != v.ExpectSignature {
					t.Errorf("Seal = %s, %s", got, sig)
				}
			case "verify_url", "decrypt":
				msg, err := c.Open(v.MsgSignature, v.Timestamp, v.Nonce, v.Echostr+v.Encrypt)
				if err != nil || string(msg) != v.ExpectPlain {
					t.Errorf("Open = %q, %v", msg, err)
				}
			case "decrypt_must_fail", "decrypt_should_fail":
				if msg, err := c.Open(v.MsgSignature, v.Timestamp, v.Nonce, v.Encrypt); err == nil {
					t.Errorf("Open = %q, want an error", msg)
				}
			case "decrypt_either":
				_, _ = c.Open(v.MsgSignature, v.Timestamp, v.Nonce, v.Encrypt)
			default:
				t.Errorf("unknown kind %q", v.Kind)
			}
		})
	}
}

const (
	key1 = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
	key2 = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

func TestAMessageUnderThePreviousKeyIsOpened(t *testing.T) {
	old := crypt(t, "tok", "wx1", key1)
	enc, sig := old.Seal(nil, []byte("<xml/>"), "1", "n")
	both := crypt(t, "tok", "wx1", key2, key1)
	if msg, err := both.Open(sig, "1", "n", enc); err != nil || string(msg) != "<xml/>" {
		t.Errorf("Open = %q, %v", msg, err)
	}
	if _, err := crypt(t, "tok", "wx1", key2, "").Open(sig, "1", "n", enc); !errors.Is(err, wxcrypt.ErrCipher) {
		t.Errorf("with the new key alone: %v, want ErrCipher", err)
	}
	if _, err := crypt(t, "tok", "wx2", key1).Open(sig, "1", "n", enc); !errors.Is(err, wxcrypt.ErrReceiver) {
		t.Errorf("for another account: %v, want ErrReceiver", err)
	}
	if _, err := both.Open(sig, "2", "n", enc); !errors.Is(err, wxcrypt.ErrSignature) {
		t.Errorf("with another timestamp: %v, want ErrSignature", err)
	}
}

func TestAKeyOfTheWrongLengthIsRefused(t *testing.T) {
	for _, k := range []string{"short", key1 + "A", strings.Repeat("!", 43)} {
		if _, err := wxcrypt.New("t", "wx", k); err == nil {
			t.Errorf("New takes the key %q", k)
		} else if strings.Contains(err.Error(), k) {
			t.Errorf("the error tells the key: %v", err)
		}
	}
}

func TestFresh(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for ts, want := range map[string]bool{"1700000000": true, "1699999800": true, "1700000301": false, "1": false, "": false, "x": false} {
		if got := wxcrypt.Fresh(ts, now); got != want {
			t.Errorf("Fresh(%q) = %v, want %v", ts, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	gbk := "<?xml version=\"1.0\" encoding=\"gbk\"?><xml><Content>\xc4\xe3\xba\xc3</Content></xml>"
	for _, tt := range []struct{ name, body, key, want string }{
		{"a plain element", "<xml><A>x</A></xml>", "A", "x"},
		{"CDATA with its own end inside", "<xml><A><![CDATA[a]]]]><![CDATA[>b &amp;]]></A></xml>", "A", "a]]>b &amp;"},
		{"a control character", "<xml><A><![CDATA[ \x1dc]]></A></xml>", "A", " c"},
		{"a control character as a reference", "<xml><A>a&#29;&#x1D;b&#65;</A></xml>", "A", "abA"},
		{"what looks like a reference in CDATA", "<xml><A><![CDATA[&#29;]]></A></xml>", "A", "&#29;"},
		{"broken UTF-8", "<xml><A>a\xffb</A></xml>", "A", "a\ufffdb"},
		{"GBK that says so", gbk, "Content", "你好"},
		{"UTF-8 that says it is GBK", "<?xml version=\"1.0\" encoding=\"gbk\"?><xml><A>你好</A></xml>", "A", "你好"},
		{"a byte order mark", "\ufeff<xml><A>x</A></xml>", "A", "x"},
		{"a nested element", "<xml><P><List><Id>1</Id></List><List><Id>2</Id></List></P></xml>", "P.List.Id", "1"},
		{"JSON", `{"A":"x","B":1}`, "A", "x"},
		{"a large number in JSON", `{"MsgId":12345678901234567890123}`, "MsgId", "12345678901234567890123"},
		{"a control character in JSON", "{\"A\":\"a\x1db\\u001dc\"}", "A", "a bc"},
		{"lists in JSON", `{"L":[{"Id":"1"},{"Id":"2"}],"B":2}`, "L.Id", "1"},
		{"a field after a list", `{"L":[{"Id":"1"},{"Id":"2"}],"B":2}`, "B", "2"},
		{"null", `{"A":null}`, "A", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := wxcrypt.Parse([]byte(tt.body))
			if got := f[tt.key]; err != nil || got != tt.want {
				t.Errorf("%s = %q, %v; want %q", tt.key, got, err, tt.want)
			}
		})
	}
}

// hostile bodies: each must be refused, fast.
var hostile = map[string]string{
	"nothing":              "",
	"no markup":            "hello",
	"a document type":      `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Content>&a;</Content></xml>`,
	"an entity":            `<xml><A>&b;</A></xml>`,
	"a cut body":           `<xml><A>x</A>`,
	"a wrong end":          `<xml><A>x</B></xml>`,
	"two roots":            `<xml></xml><xml></xml>`,
	"deep elements":        strings.Repeat("<a>", 300_000),
	"many elements":        "<xml>" + strings.Repeat("<a/>", 200_000) + "</xml>",
	"many attributes":      "<xml " + strings.Repeat(`a="1" `, 170_000) + "></xml>",
	"an endless attribute": `<xml a="` + strings.Repeat("x", 1_000_000) + `"></xml>`,
	"many comments":        "<xml>" + strings.Repeat("<!---->", 140_000) + "</xml>",
	"many CDATA":           "<xml><a>" + strings.Repeat("<![CDATA[x]]>", 80_000) + "</a></xml>",
	"an endless CDATA":     "<xml><a><![CDATA[" + strings.Repeat("]]", 500_000),
	"many references":      "<xml><a>" + strings.Repeat("&#29;<", 170_000),
	"deep JSON":            strings.Repeat(`{"a":`, 200_000),
	"deep lists":           `{"a":` + strings.Repeat("[", 1_000_000),
	"many JSON fields":     `{` + strings.Repeat(`"a":1,`, 170_000),
	"two JSON values":      `{"a":1}{"a":2}`,
	"a JSON list":          `[1]`,
	"too large":            "<xml><A>" + strings.Repeat("x", wxcrypt.MaxBody) + "</A></xml>",
}

func TestHostileBodiesAreRefusedFast(t *testing.T) {
	for name, body := range hostile {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			if _, err := wxcrypt.Parse([]byte(body)); err == nil {
				t.Error("Parse takes it")
			}
			if d := time.Since(start); d > 500*time.Millisecond {
				t.Errorf("refused after %v", d)
			} else {
				t.Log(d)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, b := range hostile {
		f.Add([]byte(b[:min(len(b), 1000)]))
	}
	f.Add([]byte("<xml><A><![CDATA[a]]]]><![CDATA[>b &amp;]]></A><B>&#29;</B></xml>"))
	f.Add([]byte(`{"L":[{"Id":"1"},{"Id":"2"}],"B":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		fields, err := wxcrypt.Parse(b)
		if err != nil {
			return
		}
		for k, v := range fields {
			if !utf8.ValidString(v) || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }) {
				t.Errorf("%q = %q", k, v)
			}
		}
	})
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("<xml/>"), "1", "n", "AAAA")
	f.Fuzz(func(t *testing.T, msg []byte, ts, nonce, foreign string) {
		c := crypt(t, "tok", "wx1", key1)
		enc, sig := c.Seal(nil, msg, ts, nonce)
		if got, err := c.Open(sig, ts, nonce, enc); err != nil || !bytes.Equal(got, msg) {
			t.Errorf("Open(Seal(%q)) = %q, %v", msg, got, err)
		}
		// Whatever was signed: no panic.
		_, _ = c.Open(wxcrypt.Sign("tok", ts, nonce, foreign), ts, nonce, foreign)
	})
}
