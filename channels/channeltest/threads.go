package channeltest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"zongji/channels"
	"zongji/internal/zongji"
)

// Threads keeps the mails of tests and knows which belong together, as the
// store does. The zero value is empty.
type Threads struct {
	// Subject makes subjects equal that are, as eml.Subject does; nil: as they are.
	Subject func(string) string

	mu      sync.Mutex
	threads map[string]*thread
	refs    map[string]channels.ThreadRef
	seen    map[string]bool
	mails   []zongji.Inbound
}

type thread struct {
	channels.Thread
	last zongji.Ms
	same string // its subject, made equal
}

var _ channels.Threads = (*Threads)(nil)

// Save keeps an inbound once, as the router does with one of a mail.
func (t *Threads) Save(in zongji.Inbound) zongji.Stored {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.init()
	if t.seen[in.ExtID] {
		return zongji.Stored{Repeat: true}
	}
	t.seen[in.ExtID] = true
	t.mails = append(t.mails, in)
	if in.Kind != zongji.InMessage {
		return zongji.Stored{}
	}
	var m zongji.Mail
	_ = json.Unmarshal(in.Extra, &m) // an inbound without one has no subject
	th := t.threads[in.Thread]
	if th == nil {
		th = &thread{Thread: channels.Thread{ID: in.Thread, Conv: int64(len(t.threads) + 1), Subject: m.Subject}, same: t.same(m.Subject)}
		t.threads[in.Thread] = th
	}
	th.last = in.At
	addr := strings.ToLower(in.From.Ext)
	th.People = append([]string{addr}, slices.DeleteFunc(th.People, func(p string) bool { return p == addr })...)
	for _, id := range in.Refs {
		t.refs[id] = channels.ThreadRef{Thread: in.Thread}
		th.Refs = append(th.Refs, id)
	}
	return zongji.Stored{Opened: len(th.Refs) == 1, Conv: zongji.Conversation{ID: th.Conv, Thread: in.Thread}, Msg: zongji.Message{ID: int64(len(t.mails))}}
}

func (t *Threads) init() {
	if t.seen == nil {
		t.threads, t.refs, t.seen = map[string]*thread{}, map[string]channels.ThreadRef{}, map[string]bool{}
	}
}

// Sent notes a mail of ours.
func (t *Threads) Sent(thread, id string, msg int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.init()
	t.refs[id] = channels.ThreadRef{Thread: thread, Msg: msg}
	if th := t.threads[thread]; th != nil {
		th.Refs = append(th.Refs, id)
	}
}

// Close ends a thread.
func (t *Threads) Close(thread string, at zongji.Ms) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.threads[thread].Closed = at
}

// Mails returns what was saved, in its order.
func (t *Threads) Mails() []zongji.Inbound {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.mails)
}

// Known returns the ids that mean a thread.
func (t *Threads) Known(_ context.Context, _ int64, ids []string) (map[string]channels.ThreadRef, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := map[string]channels.ThreadRef{}
	for _, id := range ids {
		if ref, ok := t.refs[id]; ok {
			found[id] = ref
		}
	}
	return found, nil
}

// Thread returns a thread.
func (t *Threads) Thread(_ context.Context, _ int64, id string) (channels.Thread, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if th := t.threads[id]; th != nil {
		return th.Thread, nil
	}
	return channels.Thread{}, nil
}

// Recent returns the newest open thread of a writer under a subject.
func (t *Threads) Recent(_ context.Context, _ int64, addr, subject string, since zongji.Ms) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var best *thread
	for _, th := range t.threads {
		if th.Closed == 0 && th.last >= since && th.same == subject && slices.Contains(th.People, addr) && (best == nil || th.last > best.last) {
			best = th
		}
	}
	if best == nil {
		return "", nil
	}
	return best.ID, nil
}

// Seen reports whether an inbound is saved.
func (t *Threads) Seen(_ context.Context, _ int64, ext string) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen[ext], nil
}

func (t *Threads) same(subject string) string {
	if t.Subject == nil {
		return subject
	}
	return t.Subject(subject)
}

// Shelf is Blobs in memory. Its zero value is empty.
type Shelf struct {
	mu    sync.Mutex
	full  error
	files map[string]book
}

type book struct {
	f    zongji.File
	data []byte
}

var _ channels.Blobs = (*Shelf)(nil)

// Full makes every put fail with err; nil: there is room again.
func (s *Shelf) Full(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full = err
}

// Put keeps a file; programs are refused, as by the real one.
func (s *Shelf) Put(ctx context.Context, name string, r io.Reader, limit int64) (zongji.File, error) {
	if strings.HasSuffix(name, ".exe") {
		return zongji.File{}, zongji.Errorf(zongji.Invalid, "type_not_allowed", "a program")
	}
	return s.PutRaw(ctx, name, "application/octet-stream", r, limit)
}

// PutRaw keeps a file.
func (s *Shelf) PutRaw(_ context.Context, name, mediaType string, r io.Reader, limit int64) (zongji.File, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return zongji.File{}, err
	}
	if int64(len(data)) > limit {
		return zongji.File{}, zongji.Errorf(zongji.TooLarge, "too_large", "the file is too large")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full != nil {
		return zongji.File{}, s.full
	}
	if s.files == nil {
		s.files = map[string]book{}
	}
	n := len(s.files) + 1
	f := zongji.File{ID: int64(n), Name: name, Type: mediaType, Size: int64(len(data)), URL: fmt.Sprintf("/f/%d/x", n)}
	s.files[fmt.Sprint(n)] = book{f, data}
	return f, nil
}

// ByToken returns a file.
func (s *Shelf) ByToken(_ context.Context, token string) (zongji.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.files[token]
	if !ok {
		return zongji.File{}, zongji.Errorf(zongji.NotFound, "no_file", "no such file")
	}
	return b.f, nil
}

// Open reads a file.
func (s *Shelf) Open(_ context.Context, f zongji.File) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.files[strings.Split(f.URL+"//", "/")[2]]
	if !ok {
		return nil, zongji.Errorf(zongji.NotFound, "no_file", "no such file")
	}
	return io.NopCloser(bytes.NewReader(b.data)), nil
}
