package blob

import (
	"archive/zip"
	"bytes"
	"context"
	"image"
	"image/png"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zongji/internal/zongji"
)

// rows keeps the rows of files in memory; the store has its own tests.
type rows map[string]struct {
	f   zongji.File
	key string
}

func (r rows) PutFile(_ context.Context, f zongji.File, token, key string) (zongji.File, error) {
	f.ID = int64(len(r) + 1)
	r[token] = struct {
		f   zongji.File
		key string
	}{f, key}
	return f, nil
}

func (r rows) FileByToken(_ context.Context, token string) (zongji.File, string, error) {
	row, ok := r[token]
	if !ok {
		return zongji.File{}, "", zongji.Errorf(zongji.NotFound, "no_file", "no such file")
	}
	return row.f, row.key, nil
}

func zipped(names ...string) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, n := range names {
		w, _ := z.Create(n)
		_, _ = w.Write([]byte("x"))
	}
	_ = z.Close()
	return b.String()
}

func picture(w, h int) string {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)))
	return b.String()
}

func TestContentDecidesTheType(t *testing.T) {
	tests := []struct {
		what, name, content string
		mediaType, kept     string // "" = refused
	}{
		{"a picture", "a.png", picture(3, 2), "image/png", "a.png"},
		{"a picture that claims to be a page", "a.html", picture(1, 1), "image/png", "a.html.png"},
		{"a page that claims to be a picture", "a.png", "<html><script>alert(1)</script>", "", ""},
		{"a page behind white space", "a.txt", "  \n<!DOCTYPE html><b>x</b>", "", ""},
		{"an SVG", "a.svg", `<?xml version="1.0"?><svg onload="x"/>`, "", ""},
		{"a Windows program", "a.pdf", "MZ\x90\x00\x03\x00\x00\x00", "", ""},
		{"an ELF program", "a.txt", "\x7fELF\x02\x01\x01\x00", "", ""},
		{"a PDF", "账单.pdf", "%PDF-1.7\n1 0 obj", "application/pdf", "账单.pdf"},
		{"text", "a.txt", "你好，世界", "text/plain", "a.txt"},
		{"text in GBK", "a.txt", "\xc4\xe3\xba\xc3", "text/plain", "a.txt"},
		{"text named as a program", "run.exe", "echo hi", "text/plain", "run.exe.txt"},
		{"a table", "a.csv", "a,b\n1,2", "text/csv", "a.csv"},
		{"a zip", "a.zip", zipped("x.txt"), "application/zip", "a.zip"},
		{"a Word file", "a.docx", zipped("[Content_Types].xml", "word/document.xml"), typeDocx, "a.docx"},
		{"an Excel file with macros", "a.xlsx", zipped("xl/workbook.xml", "xl/vbaProject.bin"), "", ""},
		{"a jar is only a zip", "a.jar", zipped("META-INF/MANIFEST.MF"), "application/zip", "a.jar.zip"},
		{"AMR", "v.amr", "#!AMR\n\x3c\x00\x01", "audio/amr", "v.amr"},
		{"nothing", "a.txt", "", "", ""},
	}
	b, err := Open(t.TempDir(), rows{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			f, err := b.Put(t.Context(), tt.name, strings.NewReader(tt.content), 1<<20)
			if tt.mediaType == "" {
				if zongji.KindOf(err) != zongji.Invalid {
					t.Fatalf("Put = %+v, %v, want Invalid", f, err)
				}
				return
			}
			if err != nil || f.Type != tt.mediaType || f.Name != tt.kept || f.Size != int64(len(tt.content)) {
				t.Errorf("Put = %+v, %v, want type %s and name %s", f, err, tt.mediaType, tt.kept)
			}
		})
	}
	if left, _ := os.ReadDir(filepath.Join(b.dir, "tmp")); len(left) != 0 {
		t.Errorf("%d temporary files left", len(left))
	}
}

func TestNamesAreHarmless(t *testing.T) {
	tests := []struct{ what, name, want string }{
		{"a path up", "../../etc/passwd", "passwd.txt"},
		{"a Windows path", `C:\Users\x\a.txt`, "a.txt"},
		{"a new line and a NUL", "a\r\nSet-Cookie: x\x00.txt", "aSet-Cookie_ x.txt"},
		{"a reversed ending", "gpj.\u202etxt.exe", "gpj.txt.exe.txt"},
		{"quotes and markup", `"><img src=x>.txt`, "___img src=x_.txt"},
		{"only dots", "...", "file.txt"},
		{"nothing", "", "file.txt"},
		{"bad UTF-8", "a\xff\xfe.txt", "a.txt"},
		{"a hidden file", ".htaccess", "htaccess.txt"},
		{"too long", strings.Repeat("字", 300) + ".txt", strings.Repeat("字", 65) + ".txt"},
	}
	for _, tt := range tests {
		if got := CleanName(tt.name, typeText); got != tt.want {
			t.Errorf("%s: CleanName(%q) = %q, want %q", tt.what, tt.name, got, tt.want)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	f.Add("a/b\\c.txt")
	f.Add("\u202e.exe")
	f.Fuzz(func(t *testing.T, name string) {
		got := CleanName(name, typePNG)
		if len(got) > zongji.MaxName || !strings.HasSuffix(got, ".png") || strings.ContainsAny(got, "/\\\x00\r\n\"") || CleanName(got, typePNG) != got {
			t.Errorf("CleanName(%q) = %q", name, got)
		}
	})
}

func TestTooLargeIsRefusedAndNothingStays(t *testing.T) {
	b, _ := Open(t.TempDir(), rows{})
	if _, err := b.Put(t.Context(), "a.txt", strings.NewReader(strings.Repeat("a", 11)), 10); zongji.KindOf(err) != zongji.TooLarge {
		t.Errorf("Put of 11 bytes with limit 10 = %v, want TooLarge", err)
	}
	if _, err := b.Put(t.Context(), "a.txt", strings.NewReader(strings.Repeat("a", 10)), 10); err != nil {
		t.Errorf("Put of 10 bytes with limit 10 = %v", err)
	}
}

func TestServedFilesCannotAct(t *testing.T) {
	b, _ := Open(t.TempDir(), rows{})
	for content, how := range map[string]string{picture(2, 2): "inline", "hello": "attachment"} {
		f, err := b.Put(t.Context(), "报告.txt", strings.NewReader(content), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		req, w := httptest.NewRequest("GET", f.URL, nil), httptest.NewRecorder()
		req.Header.Set("Range", "bytes=1-2")
		if err := b.Serve(w, req, strings.Split(f.URL, "/")[2]); err != nil {
			t.Fatal(err)
		}
		h := w.Header()
		if w.Code != 206 || w.Body.String() != content[1:3] {
			t.Errorf("range of %s: %d %q", f.Name, w.Code, w.Body)
		}
		if !strings.HasPrefix(h.Get("Content-Disposition"), how) || h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("headers of %s: %v", f.Type, h)
		}
	}
	if err := b.Serve(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), "../../../../etc/passwd0000000000"); zongji.KindOf(err) != zongji.NotFound {
		t.Errorf("a path as token = %v, want NotFound", err)
	}
}

func TestSizeOfImages(t *testing.T) {
	lossless := "RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f\x02\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	for content, want := range map[string][2]int{picture(7, 5): {7, 5}, lossless: {3, 2}} {
		mediaType, _ := sniff(strings.NewReader(content), int64(len(content)), "")
		if w, h := imageSize(strings.NewReader(content), mediaType); w != want[0] || h != want[1] {
			t.Errorf("size of %s = %d × %d, want %v", mediaType, w, h, want)
		}
	}
}

func TestRawFilesAreKeptAsTheyAreAndOnlyDownloaded(t *testing.T) {
	b, err := Open(t.TempDir(), rows{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := b.PutRaw(t.Context(), "mail.eml", "message/rfc822", strings.NewReader("Subject: <script>\r\n\r\n<html>"), 100)
	if err != nil || f.Type != "message/rfc822" || f.Name != "mail.eml" {
		t.Fatalf("PutRaw = %+v, %v", f, err)
	}
	w := httptest.NewRecorder()
	if err := b.Serve(w, httptest.NewRequest("GET", f.URL, nil), strings.Split(f.URL, "/")[2]); err != nil {
		t.Fatal(err)
	}
	if got := w.Header().Get("Content-Disposition"); !strings.HasPrefix(got, "attachment") {
		t.Errorf("served as %q, want attachment", got)
	}
	if _, err := b.PutRaw(t.Context(), "a.png", "image/png", strings.NewReader("x"), 100); zongji.KindOf(err) != zongji.Invalid {
		t.Errorf("a raw file of a type shown in place = %v, want Invalid", err)
	}
}
