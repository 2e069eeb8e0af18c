package webchat

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"zongji/channels"
	"zongji/internal/zongji"
)

// head is what all frames have; the rest is decoded by type.
type head struct {
	T  string `json:"t"`
	ID int64  `json:"id"`
}

type helloFrame struct {
	head
	Token    string `json:"token"`
	Identity string `json:"identity"`
	Conv     int64  `json:"conv"`
	After    int64  `json:"after"`
	Lang     string `json:"lang"`
	Page     struct {
		URL   string `json:"url"`
		Title string `json:"title"`
	} `json:"page"`
	Tab string `json:"tab"`
}

type sendFrame struct {
	head
	CID    string   `json:"cid"`
	Text   string   `json:"text"`
	Files  []string `json:"files"` // the URLs that uploads answered
	Choice string   `json:"choice"`
}

type typingFrame struct {
	head
	On   bool   `json:"on"`
	Text string `json:"text"`
}

type markFrame struct {
	head
	Seq int64 `json:"seq"`
}

type historyFrame struct {
	head
	Conv   int64 `json:"conv"`
	Before int64 `json:"before"`
}

type rateFrame struct {
	head
	Stars   int      `json:"stars"`
	Tags    []string `json:"tags"`
	Comment string   `json:"comment"`
}

// answer is what the server says to one request.
type answer struct {
	T       string    `json:"t"`
	Re      int64     `json:"re,omitempty"`
	CID     string    `json:"cid,omitempty"`
	Conv    int64     `json:"conv,omitempty"`
	Seq     int64     `json:"seq,omitempty"`
	At      zongji.Ms `json:"at,omitempty"`
	Msg     int64     `json:"msg,omitempty"`
	Repeat  bool      `json:"repeat,omitempty"`
	Code    string    `json:"code,omitempty"`
	Text    string    `json:"text,omitempty"`
	RetryMs int64     `json:"retry_ms,omitempty"`
}

type welcome struct {
	T       string               `json:"t"`
	Re      int64                `json:"re,omitempty"`
	Token   string               `json:"token"`
	Visitor string               `json:"visitor"`
	Name    string               `json:"name,omitempty"`
	Channel look                 `json:"channel"`
	View    channels.VisitorView `json:"view"`
	Limits  sizes                `json:"limits"`
}

// sizes tells the widget what it need not try.
type sizes struct {
	Text  int      `json:"text"`
	File  int64    `json:"file"`
	Files int      `json:"files"`
	Types []string `json:"types"`
}

var theSizes = sizes{zongji.MaxText, zongji.MaxFile, zongji.MaxFiles, []string{
	"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain", "text/csv", "application/zip",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation",
	"audio/mpeg", "video/mp4", "audio/amr", "audio/wav"}}

type historyAnswer struct {
	T        string                  `json:"t"`
	Re       int64                   `json:"re"`
	Messages []zongji.VisitorMessage `json:"messages"`
	More     bool                    `json:"more"`
}

type placeFrame struct {
	T     string `json:"t"`
	Re    int64  `json:"re,omitempty"`
	Place int    `json:"place"`
	WaitS int    `json:"wait_s"`
}

type typingNote struct {
	T    string `json:"t"`
	Name string `json:"name,omitempty"`
	On   bool   `json:"on"`
}

type eventFrame struct {
	T string `json:"t"`
	zongji.VisitorEvent
}

// encode returns v as JSON. All types that come here can be encoded.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// errFrame says that a frame is not even JSON text: the socket ends (4400).
var errFrame = errors.New("webchat: bad frame")

// peek checks the bytes of a frame and reads its head.
func peek(b []byte) (head, error) {
	var h head
	if !utf8.Valid(b) || hasNUL(b) {
		return h, errFrame
	}
	if err := json.Unmarshal(b, &h); err != nil {
		var typ *json.UnmarshalTypeError
		if errors.As(err, &typ) && typ.Field != "" {
			return h, zongji.Errorf(zongji.Invalid, "bad_field", "field %s: want %s", typ.Field, typ.Type)
		}
		return h, errFrame
	}
	return h, nil
}

// decode reads one JSON object strictly: an unknown field is named.
func decode(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	var typ *json.UnmarshalTypeError
	switch {
	case err == nil:
		if _, err := d.Token(); err != io.EOF {
			return zongji.Errorf(zongji.Invalid, "bad_json", "want one JSON object")
		}
		return nil
	case errors.As(err, &typ):
		return zongji.Errorf(zongji.Invalid, "bad_field", "field %s: want %s", typ.Field, typ.Type)
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return zongji.Errorf(zongji.Invalid, "unknown_field", "unknown field %s", field)
	}
	return zongji.Errorf(zongji.Invalid, "bad_json", "want one JSON object")
}

// hasNUL reports whether JSON text holds U+0000, plain or escaped. SQL
// databases refuse it, so it is stopped at the edge.
func hasNUL(b []byte) bool {
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == 0:
			return true
		case b[i] == '\\' && bytes.HasPrefix(b[i+1:], []byte("u0000")):
			return true
		case b[i] == '\\':
			i++ // what follows is escaped
		}
	}
	return false
}

var (
	cidForm    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	choiceForm = regexp.MustCompile(`^[a-z_]{1,20}(:[A-Za-z0-9_-]{1,64})?$`)
)

// check cleans a message and says what is wrong with it.
func (f *sendFrame) check() error {
	f.Text = strings.TrimSpace(f.Text)
	switch {
	case !cidForm.MatchString(f.CID):
		return zongji.Errorf(zongji.Invalid, "bad_cid", "cid: want 1–64 of A–Z a–z 0–9 _ -")
	case f.Text == "" && len(f.Files) == 0:
		return zongji.Errorf(zongji.Invalid, "empty", "text: want at least one character, or a file")
	case utf8.RuneCountInString(f.Text) > zongji.MaxText:
		return zongji.Errorf(zongji.Invalid, "too_long", "text: at most %d characters", zongji.MaxText)
	case len(f.Files) > zongji.MaxFiles:
		return zongji.Errorf(zongji.Invalid, "too_many_files", "files: at most %d", zongji.MaxFiles)
	case f.Choice != "" && !choiceForm.MatchString(f.Choice):
		return zongji.Errorf(zongji.Invalid, "bad_choice", "choice: want the value of an option")
	}
	return nil
}

func (f *rateFrame) check() error {
	f.Comment = strings.TrimSpace(f.Comment)
	switch {
	case f.Stars < 1 || f.Stars > 5:
		return zongji.Errorf(zongji.Invalid, "bad_stars", "stars: want 1–5")
	case len(f.Tags) > maxTags:
		return zongji.Errorf(zongji.Invalid, "too_many_tags", "tags: at most %d", maxTags)
	case utf8.RuneCountInString(f.Comment) > maxComment:
		return zongji.Errorf(zongji.Invalid, "too_long", "comment: at most %d characters", maxComment)
	}
	for i, t := range f.Tags {
		f.Tags[i] = clip(strings.TrimSpace(t), maxWord)
	}
	return nil
}
