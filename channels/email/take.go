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

// fetch asks for mails, a few at a time, and has each read on its way into the
// line. After any trouble it asks for one at a time, so that it is known whose
// the trouble is. (Several commands at once would not do: some servers end the
// first only after the answer to the second, which then blocks the client.)
func (w *watch) fetch(ctx context.Context, k *conn, uids []imap.UID, line chan<- *arrival) (err error) {
	var reading errgroup.Group
	reading.SetLimit(readers)
	defer func() {
		_ = reading.Wait() // they return nothing
		if err != nil {
			k.net.Close()
		}
	}()
	push := func(m *arrival) error {
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
			return nil
		case <-ctx.Done():
			<-m.read
			w.memory.Release(m.held)
			return ctx.Err()
		}
	}
	for len(uids) > 0 {
		group := w.group(uids)
		uids = uids[len(group):]
		if w.poison(group[0]) {
			m := arrivalOf(group[0])
			m.why = fmt.Sprintf("the server's answer for mail %d of %s cannot be read", m.uid, w.box)
			if err := push(m); err != nil {
				return err
			}
		} else if err := w.fetchGroup(ctx, k, group, push); err != nil {
			return err
		}
	}
	return nil
}

func arrivalOf(uid imap.UID) *arrival {
	return &arrival{fetched: fetched{uid: uid}, read: make(chan struct{})}
}

// group is the next mails to ask for: several, but none with trouble among them.
func (w *watch) group(uids []imap.UID) []imap.UID {
	n := 1
	for !w.shy && n < min(ahead, len(uids)) && w.trouble(uids[0]) == 0 && w.trouble(uids[n]) == 0 {
		n++
	}
	return uids[:n]
}

// fetchGroup pushes the mails of a group in their order. Mails that were deleted
// since the search are pushed as gone.
func (w *watch) fetchGroup(ctx context.Context, k *conn, group []imap.UID, push func(*arrival) error) error {
	cmd := k.ask(group, len(group) == 1 && w.trouble(group[0]) >= cutTries-2)
	for i := 0; i < len(group); {
		m, ok, err := arrivalOf(group[i]), false, error(nil)
		m.fetched, ok, err = k.take(ctx, cmd, func(n int64) error {
			n = min(n, memoryLimit)
			if err := w.memory.Acquire(ctx, n); err != nil {
				return err
			}
			m.held += n
			return nil
		})
		if err == nil && ok && m.uid != group[i] {
			err = errOrder
		}
		if err == nil && !ok { // the answer has ended
			for ; i < len(group) && err == nil; i++ {
				m = arrivalOf(group[i])
				if m.gone, err = w.deleted(ctx, k, m.uid); err == nil {
					err = push(m)
				}
			}
			if err == nil {
				return nil
			}
			i--
		}
		if err != nil {
			k.net.Close() // what is still to come of the answer is not wanted
			_ = cmd.Close()
			w.memory.Release(m.held)
			return w.blame(group, i, err)
		}
		if err := push(m); err != nil {
			k.net.Close()
			_ = cmd.Close()
			return err
		}
		i++
	}
	return k.within(ctx, k.wait, cmd.Close)
}

// blame says whose a failure is, when that is known.
func (w *watch) blame(group []imap.UID, i int, err error) error {
	if len(group) > 1 {
		return err
	}
	what := "fetch"
	if isCut(err) {
		what = "cut"
	}
	return &mailError{fail{group[i], what}, err}
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
			if _, e := w.accept(ctx, quarantined(in, err)); e != nil {
				return &storeError{err}
			}
			w.Log.Error("mail not stored as it is: put into quarantine", "uid", m.uid, "err", err)
			w.Problem(code("quarantine"), fmt.Sprintf("mail %d of %s: %v", m.uid, w.box, err))
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
