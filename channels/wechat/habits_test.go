package wechat

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"zongji/channels/wechat/wxcrypt"
	"zongji/internal/zongji"
)

// TestCallbacksOfOtherHabits: the same facts in other clothes are the same
// message.
func TestCallbacksOfOtherHabits(t *testing.T) {
	w := newWorld(t, modePlain, nil)
	for _, tt := range []struct {
		name, body string
		want       string // ExtID, kind, text
	}{
		{"no CDATA, other order, more fields, white space", "\n<xml>\n  <MsgId>77</MsgId>\n  <Later><Item>1</Item></Later>\n <Content>a &lt;b&gt; &amp; &#x4F60;</Content><MsgType>text</MsgType><CreateTime>1</CreateTime><FromUserName>o1</FromUserName></xml>\n", "MsgId:77  a <b> & 你"},
		{"a prolog and another root", `<?xml version="1.0"?><root><FromUserName>o1</FromUserName><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[x]]]]><![CDATA[>y]]></Content><MsgId>78</MsgId></root>`, "MsgId:78  x]]>y"},
		{"JSON with numbers, another order and a mark of its bytes' order", "\ufeff{\"MsgId\":123456789012345678901,\"CreateTime\":1482048670,\"Content\":\"\\u4f60\\/\",\"MsgType\":\"text\",\"FromUserName\":\"o1\",\"ToUserName\":null,\"x\":[{\"y\":true}]}", "MsgId:123456789012345678901  你/"},
		{"a text of nothing", `<xml><FromUserName>o1</FromUserName><MsgType>text</MsgType><Content></Content><MsgId>79</MsgId></xml>`, "MsgId:79 other "},
		{"a picture without an id", `<xml><FromUserName>o1</FromUserName><MsgType>image</MsgType><PicUrl>http://169.254.169.254/</PicUrl><MsgId>80</MsgId></xml>`, "MsgId:80 other "},
		{"a place that is none", `<xml><FromUserName>o1</FromUserName><MsgType>location</MsgType><Location_X>NaN</Location_X><Location_Y>1e999</Location_Y><MsgId>81</MsgId></xml>`, "MsgId:81 location "},
		{"a type in capitals", `<xml><FromUserName>o1</FromUserName><MsgType>TEXT</MsgType><Content>x</Content><MsgId>82</MsgId></xml>`, "MsgId:82  x"},
		{"a message without an id", `<xml><FromUserName>o1</FromUserName><CreateTime>5</CreateTime><MsgType>text</MsgType><Content>x</Content></xml>`, "o1:5:text:x  x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if rec := w.post(query(tt.name), tt.body); rec.Code != http.StatusOK || rec.Body.String() != "success" {
				t.Fatalf("status %d %q", rec.Code, rec.Body)
			}
			in := w.in()
			if got := strings.Join([]string{in.ExtID, string(in.Msg), in.Text}, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if in.Msg != "" && len(in.Extra) == 0 {
				t.Error("nothing is kept of it")
			}
		})
	}
}

// TestACompatibleBodyMayLeaveFieldsOut: what is plain must not contradict; the
// message is what was encrypted.
func TestACompatibleBodyMayLeaveFieldsOut(t *testing.T) {
	w := newWorld(t, modeCompat, nil)
	crypt, err := wxcrypt.New(appToken, "wx1", aesKey)
	if err != nil {
		t.Fatal(err)
	}
	q := query("n")
	enc, sig := crypt.Seal(nil, []byte(`<xml><ToUserName>gh</ToUserName><FromUserName>o1</FromUserName><MsgType>text</MsgType><Content>sealed</Content><MsgId>5</MsgId></xml>`), q.Get("timestamp"), "n")
	q.Set("msg_signature", sig)
	rec := w.post(q, "<xml><MsgType>text</MsgType><FromUserName>o1</FromUserName><Encrypt>\n"+enc+"\n</Encrypt></xml>")
	if rec.Body.String() != "success" || w.in().Text != "sealed" {
		t.Errorf("status %d", rec.Code)
	}
}

// TestCallbacksOnBareConnections: HTTP/1.0, several on one connection, chunks,
// and a caller who leaves before the answer.
func TestCallbacksOnBareConnections(t *testing.T) {
	w := newWorld(t, modePlain, nil)
	body := func(id int) string {
		return fmt.Sprintf(`<xml><FromUserName>o1</FromUserName><MsgType>text</MsgType><Content>x</Content><MsgId>%d</MsgId></xml>`, id)
	}
	dial := func() net.Conn {
		c, err := net.Dial("tcp", strings.TrimPrefix(w.edge.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	heads := []string{
		"POST /?%s HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s",
		"POST /?%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s",
		"POST /?%s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
	}
	for i, head := range heads {
		c := dial()
		r := bufio.NewReader(c)
		for n := range 2 {
			id := i*10 + n
			b := body(id)
			fmt.Fprintf(c, head, query(fmt.Sprint(id)).Encode(), len(b), b)
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatalf("%d: %v", id, err)
			}
			got, _ := io.ReadAll(res.Body)
			if res.StatusCode != 200 || string(got) != "success" {
				t.Errorf("%d: %d %q", id, res.StatusCode, got)
			}
			if i == 0 {
				break // HTTP/1.0 ends with the answer
			}
		}
	}
	c := dial()
	b := body(99)
	fmt.Fprintf(c, heads[1], query("99").Encode(), len(b), b)
	c.Close()
	stored := func() bool {
		return slices.ContainsFunc(w.store.all(), func(in zongji.Inbound) bool { return in.ExtID == "MsgId:99" })
	}
	for end := time.Now().Add(10 * time.Second); !stored(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("what came before he left is not stored")
		}
	}
}
