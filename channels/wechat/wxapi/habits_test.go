package wxapi_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"zongji/channels"
	"zongji/channels/channeltest"
	"zongji/channels/wechat/wxapi"
)

// TestAnswersOfOtherHabits: servers that keep to the documents differ in shape.
func TestAnswersOfOtherHabits(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		code   int // of the error; -2: none
	}{
		{"a code that is text", 200, `{"errcode":"45047","errmsg":"out of response count limit"}`, 45047},
		{"0 as text", 200, `{"errcode":"0","errmsg":"ok"}`, -2},
		{"no code at all", 200, `{}`, -2},
		{"a message that is null", 200, `{"errcode":0,"errmsg":null}`, -2},
		{"a number as message", 200, `{"errcode":45015,"errmsg":7}`, 45015},
		{"a code with another status", 400, `{"errcode":45015,"errmsg":"x"}`, 45015},
		{"spaces, a mark of its bytes' order and more fields", 200, "\ufeff {\n \"rid\" : {\"a\":[1]},\n \"errcode\" : 45009 }\n", 45009},
		{"an exponent", 200, `{"errcode":4.5015e4}`, 45015},
		{"no JSON", 200, `<html>ok</html>`, 0},
		{"nothing", 200, ``, 0},
		{"an array", 200, `[]`, 0},
		{"a proxy's page", 502, `<html>bad gateway</html>`, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlatform(t)
			p.api("POST /x", func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				for _, b := range []byte(tt.body) { // in chunks
					_, _ = w.Write([]byte{b})
					w.(http.Flusher).Flush()
				}
			})
			err := p.client(t, nil).Post(t.Context(), "/x", map[string]string{}, nil)
			if tt.code == -2 && err != nil || tt.code >= 0 && (err == nil || wxapi.CodeOf(err) != tt.code) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestTokensOfOtherHabits: what a token's life is called and how short it is
// does not matter.
func TestTokensOfOtherHabits(t *testing.T) {
	for _, life := range []string{`7200`, `"7200"`, `1`, `0`, `-5`, `null`, `99999999999`, `1e300`, `"soon"`} {
		mux := http.NewServeMux()
		asked := 0
		mux.HandleFunc("/base/cgi-bin/stable_token", func(w http.ResponseWriter, _ *http.Request) {
			asked++
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprintf(w, `{"expires_in":%s,"access_token":"T","errcode":0}`, life)
		})
		mux.HandleFunc("/base/x", func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("access_token") != "T" {
				say(w, 41001, "missing")
				return
			}
			say(w, 0, "ok")
		})
		p := newPlatform(t)
		p.Config.Handler = mux
		c, err := wxapi.New(wxapi.Config{Base: p.URL + "/base//", App: "wx1", Secret: secret, Keep: &channeltest.Keep{}})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if err := c.Post(t.Context(), "/x", map[string]string{}, nil); err != nil {
				t.Errorf("life %s: %v", life, err)
			}
		}
		if asked != 1 {
			t.Errorf("life %s: asked %d times in a moment", life, asked)
		}
	}
}

// TestFilesThatLieElsewhere: a file comes from where the API says it lies,
// without the token, and errors are told from files.
func TestFilesThatLieElsewhere(t *testing.T) {
	p := newPlatform(t)
	leaked := make(chan string, 9)
	p.mux.HandleFunc("/cdn/", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery+r.Header.Get("Referer")+r.Header.Get("Authorization"), "TOKEN") {
			leaked <- r.URL.String()
		}
		if r.URL.Path == "/cdn/hop" {
			http.Redirect(w, r, "file", http.StatusFound)
			return
		}
		if r.URL.Path == "/cdn/round" {
			http.Redirect(w, r, "round", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "film")
	})
	answer := func(media string, fn http.HandlerFunc) {
		p.api("GET /"+media, fn)
	}
	text := func(kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(w, body)
		}
	}
	to := func(where string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, where, http.StatusFound) }
	}
	for _, tt := range []struct {
		name string
		fn   http.HandlerFunc
		want string // the file; "" none
		code int
	}{
		{"the bytes", text("image/png", "\x89PNG"), "\x89PNG", 0},
		{"a redirect", to("/cdn/file"), "film", 0},
		{"two redirects", to("/cdn/hop"), "film", 0},
		{"a round of redirects", to("/cdn/round"), "", 0},
		{"a redirect to a file of the machine", to("file:///etc/passwd"), "", 0},
		{"an address", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"video_url":"%s/cdn/hop"}`, p.URL) }, "film", 0},
		{"an address that escapes slashes", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "\n{ \"down_url\" : \"%s\" }", strings.ReplaceAll(p.URL+"/cdn/file", "/", `\/`))
		}, "film", 0},
		{"an address of the machine", text("application/json", `{"video_url":"file:///etc/passwd"}`), "", 0},
		{"no address", text("application/json", `{"video_url":""}`), "", 0},
		{"an error as text", text("text/plain", `{"errcode":40007,"errmsg":"invalid media_id"}`), "", 40007},
		{"an error with a space before", text("text/plain", " \n{\"errcode\":40007}"), "", 40007},
		{"an error with another status", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			say(w, 40007, "invalid media_id")
		}, "", 40007},
		{"a file of JSON with a name", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Disposition", `attachment; filename="a.json"`)
			_, _ = io.WriteString(w, `{"errcode":1}`)
		}, `{"errcode":1}`, 0},
		{"nothing", text("image/png", ""), "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := strings.ReplaceAll(tt.name, " ", "-")
			answer(path, tt.fn)
			m, err := p.client(t, nil).Media(t.Context(), "/"+path, nil)
			var got []byte
			if err == nil {
				got, err = io.ReadAll(m.Body)
				m.Body.Close()
			}
			if string(got) != tt.want || (err == nil) != (tt.want != "") || wxapi.CodeOf(err) != tt.code {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	select {
	case where := <-leaked:
		t.Errorf("a token went to %s", where)
	default:
	}
}

// TestACutAnswerIsUnsure: who is cut off after the call was sent does not know
// whether it was done.
func TestACutAnswerIsUnsure(t *testing.T) {
	p := newPlatform(t)
	p.api("POST /x", func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{\"errcode\":")
			time.Sleep(10 * time.Millisecond)
			conn.Close()
		}
	})
	c := p.client(t, nil)
	err := c.Post(t.Context(), "/x", map[string]string{}, nil)
	var e *wxapi.Error
	if !errors.As(err, &e) || !e.Unsure || c.SendError(err).Class != channels.UnknownResult {
		t.Errorf("got %v", err)
	}
}
