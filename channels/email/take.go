package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"golang.org/x/sync/errgroup"

	"zongji/channels/email/eml"
	"zongji/internal/zongji"
)

const (
	ahead   = 8 // mails asked for before the first of them is stored
	readers = 4 // mails parsed and put on disk at once
)

// arrival is one mail between the server and the store.
type arrival struct {
	fetched
	held int64  // bytes of memory
	why  string // it cannot be had: why
	gone bool   // it was deleted before it could be read

	read chan struct{} // closed when letter or err is there
	let  letter
	err  error
}

// mailError is a failure with one mail.
type mailError struct {
	fail
	err error
}

func (e *mailError) Error() string { return fmt.Sprintf("mail %d: %s: %v", e.uid, e.what, e.err) }
func (e *mailError) Unwrap() error { return e.err }

// takeAll takes mails in their order. The place is written down every hundred.
func (w *watch) takeAll(ctx context.Context, k *conn, uids []imap.UID, fence int64) error {
	for part := range slices.Chunk(uids, batch) {
		if err := w.takeSome(ctx, k, part, fence); err != nil {
			return err
		}
	}
	return nil
}

// takeSome stores mails one after the other, while the next ones are fetched and
// read; then it marks them on the server and writes the place down. What was
// stored before a failure stays so: its key tells it when it comes again.
func (w *watch) takeSome(ctx context.Context, k *conn, uids []imap.UID, fence int64) error {
	fetching, stop := context.WithCancel(ctx)
	defer stop()
	line := make(chan *arrival, ahead)
	var g errgroup.Group
	g.Go(func() error {
		defer close(line)
		return w.fetch(fetching, k, uids, line)
	})
	next, done, err := w.at, []imap.UID{}, error(nil)
	for m := range line {
		<-m.read
		if err == nil {
			if err = w.store(ctx, m); err != nil {
				stop() // the connection goes with it
			} else {
				done = append(done, m.uid)
				next.UID, next.Date = m.uid, max(next.Date, zongji.MsOf(m.date))
				if m.uid > next.Base && !m.gone {
					next.Count++
				}
			}
		}
		w.memory.Release(m.held)
	}
	if e := g.Wait(); err == nil {
		err = e
	}
	var one *mailError
	if errors.As(err, &one) && ctx.Err() == nil {
		w.fails[one.fail]++
	}
	if err != nil && w.c.then != thenNothing { // the connection is gone: they are marked when they come again
		return err
	}
	if e := w.marked(ctx, k, done); e != nil {
		return e
	}
	if len(done) > 0 {
		if e := w.put(ctx, next, fence); e != nil {
			return e
		}
	}
	return err
}

// marked marks stored mails. A server that does not want to is told of, and
// keeps no mail from being read.
func (w *watch) marked(ctx context.Context, k *conn, uids []imap.UID) error {
	err := k.mark(ctx, &w.c, uids)
	var no *imap.Error
	if errors.As(err, &no) {
		w.Problem(code("mark"), no.Error())
		return nil
	}
	return err
}

// fetch asks for mails one by one, a few ahead, and has each read on its way
// into the line.
func (w *watch) fetch(ctx context.Context, k *conn, uids []imap.UID, line chan<- *arrival) (err error) {
	var reading errgroup.Group
	reading.SetLimit(readers)
	var asked []*imapclient.FetchCommand
	defer func() {
		if err != nil {
			k.net.Close()
		}
		for _, cmd := range asked { // the client's reader waits for what nobody takes
			_ = cmd.Close()
		}
		_ = reading.Wait()
	}()
	depth, sent := ahead, 0
	if w.shy {
		depth = 1
	}
	for i, uid := range uids {
		m := &arrival{fetched: fetched{uid: uid}, read: make(chan struct{})}
		if w.poison(uid) {
			m.why = fmt.Sprintf("the server's answer for mail %d of %s cannot be read", uid, w.box)
		} else {
			for sent = max(sent, i); sent < len(uids) && sent < i+depth && !w.poison(uids[sent]); sent++ {
				asked = append(asked, k.ask(uids[sent], w.trouble(uids[sent]) >= cutTries-2))
			}
			cmd := asked[0]
			m.fetched, err = k.take(ctx, cmd, uid, func(n int64) error {
				m.held = min(n, memoryLimit)
				return w.memory.Acquire(ctx, m.held)
			})
			asked = asked[1:]
			if errors.Is(err, errNotThere) && len(asked) == 0 {
				m.gone, err = w.deleted(ctx, k, uid)
			}
			if err != nil {
				_ = cmd.Close()
				w.memory.Release(m.held)
				what := "fetch"
				if isCut(err) {
					what = "cut"
				}
				return &mailError{fail{uid, what}, err}
			}
		}
		if m.date.IsZero() || m.date.After(w.Clock.Now()) {
			m.date = w.Clock.Now()
		}
		reading.Go(func() error {
			defer close(m.read)
			if !m.gone {
				m.let, m.err = w.prepare(ctx, m)
			}
			return nil
		})
		select {
		case line <- m:
		case <-ctx.Done():
			_ = reading.Wait()
			w.memory.Release(m.held)
			return ctx.Err()
		}
	}
	return nil
}

// trouble counts what went wrong with a mail. A connection that is cut may be
// the network's fault, so it counts half.
func (w *watch) trouble(uid imap.UID) int {
	return w.fails[fail{uid, "fetch"}]*(cutTries/poisonTries) + w.fails[fail{uid, "cut"}]
}

// poison reports whether a mail failed so often that it is stepped over.
func (w *watch) poison(uid imap.UID) bool { return w.trouble(uid) >= cutTries }

// deleted reports whether the mail of which the server says nothing is gone.
func (w *watch) deleted(ctx context.Context, k *conn, uid imap.UID) (bool, error) {
	left, err := k.search(ctx, uid, uid, time.Time{})
	if err == nil && len(left) > 0 {
		err = errNotThere
	}
	return err == nil, err
}

// store hands one mail to the router, in its thread.
func (w *watch) store(ctx context.Context, m *arrival) error {
	switch {
	case m.err != nil:
		return &storeError{m.err}
	case m.gone, m.let.repeat:
		return nil
	}
	w.order.Lock()
	defer w.order.Unlock()
	ins, err := w.inbounds(ctx, m)
	if err != nil {
		return &storeError{err}
	}
	for _, in := range ins {
		_, err := w.accept(ctx, in)
		kind := zongji.KindOf(err)
		final := kind == zongji.Invalid || kind == zongji.NotFound || kind == zongji.TooLarge
		switch {
		case err == nil:
		case final && in.Kind != zongji.InMessage: // a bounce of what is not ours after all
		case final, w.refusals[m.uid] >= poisonTries-1:
			w.Log.Error("mail not stored as it is: put into quarantine", "uid", m.uid, "err", err)
			w.Problem(code("quarantine"), fmt.Sprintf("mail %d of %s: %v", m.uid, w.box, err))
			if _, e := w.accept(ctx, quarantined(in, err)); e != nil {
				return &storeError{err}
			}
		default:
			w.refusals[m.uid]++
			return &storeError{err}
		}
	}
	delete(w.refusals, m.uid)
	return nil
}

// isCut reports whether err may be the network's fault.
func isCut(err error) bool {
	var ne net.Error
	return errors.Is(err, errSilent) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.As(err, &ne)
}

// isCertificate reports whether a server could not prove its name.
func isCertificate(err error) bool {
	var cert *tls.CertificateVerificationError
	return errors.As(err, &cert)
}

// maxRaw bounds the file of a mail as it came: one byte more than is read tells
// that it was longer.
const maxRaw = eml.MaxBytes
