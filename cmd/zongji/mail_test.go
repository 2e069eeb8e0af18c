package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"zongji/internal/testenv"
)

// cost is what one run of mail parse took.
type cost struct {
	file string
	took time.Duration // of the processor, which a busy machine does not stretch
	rss  int64         // KiB at the peak; never less than this test's own, from which the process is forked
}

func runParse(t *testing.T, bin, file string) (cost, []byte) {
	t.Helper()
	cmd := exec.Command(bin, "mail", "parse", "--json", file)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	ps := cmd.ProcessState
	c := cost{file, ps.UserTime() + ps.SystemTime(), ps.SysUsage().(*syscall.Rusage).Maxrss}
	if err != nil || errs.Len() > 0 {
		t.Errorf("%s: %v %s", file, err, errs.String())
	}
	return c, out
}

func TestMailParseOfAFolder(t *testing.T) {
	dir := t.TempDir()
	for name, raw := range map[string]string{
		"b.eml":       "From: =?utf-8?B?5byg5LiJ?= <z@c.test>\r\nTo: \"A, B\" <a@b.test>, cs@x.test\r\nMessage-ID: <m@c.test>\r\nIn-Reply-To: <o@x.test>\r\nReferences: <n@x.test> <o@x.test>\r\nDate: Tue, 05 Mar 2024 11:02:33 +0800\r\nSubject: 退款\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n还没有发货吗？\r\n\r\n> 您好",
		"a/c.txt":     "好的\n\n发自我的iPhone",
		"a/b.tnef":    "no",
		".hidden.eml": "Subject: x\n\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(raw), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs([]string{"mail", "parse", "--json", dir})
	cmd.SetOut(&out)
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	want := []string{
		`{"file":"` + dir + `/a/b.tnef","message_id":"","in_reply_to":"","references":[],"from":"","to":[],"cc":[],"subject":"","date":"","text":"","reply_text":"","html_safe":"","attachments":[{"name":"attachment-1.bin","type":"application/ms-tnef","size":2,"cid":""}],"auto_class":"human","bounce":null,"calendar":"","error":"winmail.dat cannot be read"}`,
		`{"file":"` + dir + `/a/c.txt","message_id":"","in_reply_to":"","references":[],"from":"","to":[],"cc":[],"subject":"","date":"","text":"好的\n\n发自我的iPhone","reply_text":"好的","html_safe":"","attachments":[],"auto_class":"human","bounce":null,"calendar":"","error":""}`,
		`{"file":"` + dir + `/b.eml","message_id":"m@c.test","in_reply_to":"o@x.test","references":["n@x.test","o@x.test"],"from":"张三 <z@c.test>","to":["\"A, B\" <a@b.test>","cs@x.test"],"cc":[],"subject":"退款","date":"2024-03-05T11:02:33+08:00","text":"还没有发货吗？\n\n> 您好","reply_text":"还没有发货吗？","html_safe":"","attachments":[],"auto_class":"human","bounce":null,"calendar":"","error":""}`,
	}
	if !slices.Equal(lines, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// hostileMails are built here because nobody keeps them in a folder.
var hostileMails = map[string]string{
	"bomb.eml":  bomb(25),
	"bomb2.eml": bomb(10_000),
	"deep.eml":  "Content-Type: text/html\n\n" + strings.Repeat("<div>", 50_000),
	"parts.eml": "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 20_000),
	"head.eml":  strings.Repeat("X-A: "+strings.Repeat("x", 200)+"\n", 20_000),
	"uu.eml":    "Subject: x\n\n" + strings.Repeat("begin 6 x\n", 50_000),
}

func bomb(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	return b.String()
}

// TestMailParseKeepsItsLimits runs the verb over the biggest mails of the corpus and
// over some bombs: less than a second and 64 MiB each, in a process of its own.
func TestMailParseKeepsItsLimits(t *testing.T) {
	if testing.Short() {
		t.Skip("one process for each mail")
	}
	dir, bin := t.TempDir(), os.Getenv("ZONGJI_BIN")
	if bin == "" {
		bin = filepath.Join(dir, "zongji")
		if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	var files []string
	for name, raw := range hostileMails {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(raw), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	if os.Getenv("ZONGJI_TESTDATA") != "" {
		files = append(files, suspects(t, testenv.Data(t, "mail"), 60)...)
	}
	var costs []cost
	var own syscall.Rusage
	for _, f := range files {
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
			t.Fatal(err)
		}
		c, out := runParse(t, bin, f)
		if !json.Valid(out) {
			t.Errorf("%s: %.100s is no JSON", f, out)
		}
		if c.took > time.Second || c.rss >= 64<<10 && c.rss > own.Maxrss {
			t.Errorf("%s took %s and %d MiB", f, c.took, c.rss>>10)
		}
		costs = append(costs, c)
	}
	slices.SortFunc(costs, func(a, b cost) int { return int(b.rss - a.rss) })
	for _, c := range costs[:min(10, len(costs))] {
		t.Logf("%4d MiB %6s %s", c.rss>>10, c.took.Round(time.Millisecond), filepath.Base(c.file))
	}
}

// suspects are the n biggest mails of the corpus.
func suspects(t *testing.T, dir string, n int) []string {
	t.Helper()
	var files []string
	size := map[string]int64{}
	for _, ext := range []string{"eml", "txt", "tnef", "html"} {
		found, err := filepath.Glob(filepath.Join(dir, "*", "*."+ext))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			st, err := os.Stat(f)
			if err != nil {
				t.Fatal(err)
			}
			size[f] = st.Size()
			files = append(files, f)
		}
	}
	slices.SortFunc(files, func(a, b string) int { return int(size[b] - size[a]) })
	return files[:min(n, len(files))]
}
