package blob

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"zongji/internal/zongji"
)

// Types that people may send, by what the content is; see docs/protocol.md §3.
const (
	typePNG  = "image/png"
	typeJPEG = "image/jpeg"
	typeGIF  = "image/gif"
	typeWebP = "image/webp"
	typePDF  = "application/pdf"
	typeText = "text/plain"
	typeCSV  = "text/csv"
	typeZip  = "application/zip"
	typeDocx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	typeXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	typePptx = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	typeMP3  = "audio/mpeg"
	typeMP4  = "video/mp4"
	typeAMR  = "audio/amr"
	typeWAV  = "audio/wav"
	typeMail = "message/rfc822" // by PutRaw alone
)

// extensions lists the endings that each type may carry; the first is given
// to names with another.
var extensions = map[string][]string{
	typePNG: {".png"}, typeJPEG: {".jpg", ".jpeg"}, typeGIF: {".gif"}, typeWebP: {".webp"},
	typePDF: {".pdf"}, typeText: {".txt", ".log", ".md"}, typeCSV: {".csv"}, typeZip: {".zip"},
	typeDocx: {".docx"}, typeXlsx: {".xlsx"}, typePptx: {".pptx"}, typeMail: {".eml"},
	typeMP3: {".mp3"}, typeMP4: {".mp4", ".m4a", ".m4v", ".mov"}, typeAMR: {".amr"}, typeWAV: {".wav"},
}

// inline are the types that a browser may show in place; all else is saved.
var inline = map[string]bool{typePNG: true, typeJPEG: true, typeGIF: true, typeWebP: true, typeMP3: true, typeMP4: true}

// sniff returns the type of a content by its bytes. The name only tells CSV
// from text. Refused types are an Invalid error.
func sniff(r io.ReaderAt, size int64, name string) (string, error) {
	head := make([]byte, min(size, 4096))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return "", err
	}
	switch t, _, _ := strings.Cut(http.DetectContentType(head), ";"); {
	case size == 0:
		return "", zongji.Errorf(zongji.Invalid, "empty_file", "the file is empty")
	case bytes.HasPrefix(head, []byte("#!AMR")):
		return typeAMR, nil
	case t == typePNG, t == typeJPEG, t == typeGIF, t == typeWebP, t == typePDF, t == typeMP3, t == typeMP4:
		return t, nil
	case t == "audio/wave":
		return typeWAV, nil
	case len(head) > 3 && head[0] == 0xFF && head[1]&0xE6 == 0xE2: // MPEG layer III without ID3
		return typeMP3, nil
	case t == typeZip:
		return office(r, size)
	case plain(head, size) && t != "text/html" && t != "text/xml":
		if strings.EqualFold(path.Ext(name), ".csv") {
			return typeCSV, nil
		}
		return typeText, nil
	}
	return "", zongji.Errorf(zongji.Invalid, "type_not_allowed", "files of this type cannot be sent: images, PDF, text, CSV, ZIP, Word, Excel, PowerPoint, MP3, MP4, AMR and WAV can")
}

// office tells the office formats from other zip files by their main part.
// Formats with macros are refused.
func office(r io.ReaderAt, size int64) (string, error) {
	z, err := zip.NewReader(&budget{r, maxListing}, size)
	if err != nil {
		return "", zongji.Errorf(zongji.Invalid, "type_not_allowed", "the ZIP file is broken or holds too many files")
	}
	kind := typeZip
	for _, f := range z.File {
		switch {
		case strings.HasSuffix(f.Name, "vbaProject.bin"):
			return "", zongji.Errorf(zongji.Invalid, "type_not_allowed", "office files with macros cannot be sent")
		case f.Name == "word/document.xml":
			kind = typeDocx
		case f.Name == "xl/workbook.xml":
			kind = typeXlsx
		case f.Name == "ppt/presentation.xml":
			kind = typePptx
		}
	}
	return kind, nil
}

// maxListing is how many bytes of a ZIP file are read for its table of
// contents: some 10,000 names. Each costs several times as much memory.
const maxListing = 1 << 20

// budget is a reader that refuses to give more than left bytes.
type budget struct {
	r    io.ReaderAt
	left int
}

// ReadAt makes budget an io.ReaderAt.
func (b *budget) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, zip.ErrFormat
	}
	return b.r.ReadAt(p, off)
}

// plain reports whether head could be text in UTF-8 or GBK: no control
// characters, and no markup at its start that a browser would run.
func plain(head []byte, size int64) bool {
	for _, c := range head {
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' {
			return false
		}
	}
	if int64(len(head)) == size && utf8.Valid(head) || size > int64(len(head)) && utf8.Valid(trimRune(head)) {
		return true
	}
	return gbk(head)
}

// trimRune drops a character that was cut at the end of b.
func trimRune(b []byte) []byte {
	for i := 1; i <= 3 && i <= len(b); i++ {
		if utf8.RuneStart(b[len(b)-i]) {
			return b[:len(b)-i]
		}
	}
	return b
}

// gbk reports whether b is made of ASCII and two-byte characters of GBK.
func gbk(b []byte) bool {
	for i := 0; i < len(b); i++ {
		if b[i] < 0x80 {
			continue
		}
		if b[i] == 0x80 || b[i] == 0xFF {
			return false
		}
		if i++; i < len(b) && (b[i] < 0x40 || b[i] == 0x7F || b[i] == 0xFF) {
			return false
		}
	}
	return true
}

// CleanName makes a name that is safe on every system and in every header: no
// path, no control or invisible direction characters, no leading dots, the
// ending of its type, at most zongji.MaxName bytes.
func CleanName(name, mediaType string) string {
	name = strings.ToValidUTF8(name, "")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029', unicode.Is(unicode.Co, r):
			return -1
		case strings.ContainsRune(`<>:"|?*;%#&`, r):
			return '_'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	ext := strings.ToLower(path.Ext(name))
	if allowed, ok := extensions[mediaType]; ok {
		fits := false
		for _, e := range allowed {
			fits = fits || e == ext
		}
		if !fits {
			ext = allowed[0]
		} else {
			name = name[:len(name)-len(ext)]
		}
	} else {
		name = name[:len(name)-len(ext)]
	}
	name = strings.TrimRight(name, ". ")
	for len(name) > zongji.MaxName-len(ext) {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	if name == "" {
		name = "file"
	}
	return name + ext
}
