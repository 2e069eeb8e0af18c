package store

import (
	"context"

	"zongji/internal/zongji"
)

// logKeep is how many lines of an account's log stay.
const logKeep = 200

// Fetch is the media of one message that is still at its channel.
type Fetch struct {
	Msg   int64
	Conv  int64
	What  string
	Tries int
	Since zongji.Ms
}

// Fetches returns up to limit media of a channel that are to be fetched now.
func (db *DB) Fetches(ctx context.Context, channel int64, now zongji.Ms, limit int) ([]Fetch, error) {
	return list(db.read(ctx), db.q.FetchNext, []any{channel, now, limit}, scanFetch)
}

// OldFetches returns up to limit media that have waited since before then, of
// any channel: the account of one is perhaps disabled or gone.
func (db *DB) OldFetches(ctx context.Context, before zongji.Ms, limit int) ([]Fetch, error) {
	return list(db.read(ctx), db.q.FetchOld, []any{before, limit}, scanFetch)
}

func scanFetch(s scan) (f Fetch, err error) {
	return f, s(&f.Msg, &f.Conv, &f.What, &f.Tries, &f.Since)
}

// FetchBack notes a try that failed; the next one is at retryAt.
func (db *DB) FetchBack(ctx context.Context, msg int64, retryAt zongji.Ms) error {
	return db.write(ctx, func(u run) error {
		_, err := u.exec(db.q.FetchBack, msg, retryAt)
		return err
	})
}

// FetchDone adds the fetched files to their message, or the reason why there
// will be none. The event carries the whole message. The Changed is nil when
// it was done before.
func (db *DB) FetchDone(ctx context.Context, f Fetch, files []zongji.File, reason string) (out *Changed, err error) {
	err = db.write(ctx, func(u run) error {
		out = nil
		if n, err := u.exec(db.q.FetchEnd, f.Msg); err != nil || n == 0 {
			return err
		}
		state := zongji.StateStored
		if reason != "" {
			state = zongji.StateFailed
		}
		if _, err := u.exec(db.q.MsgFetched, f.Msg, state, object(files), reason); err != nil {
			return err
		}
		m, err := first(u, db.q.MsgByID, []any{f.Msg}, errNoConversation, scanMessage)
		if err != nil {
			return err
		}
		out, err = u.change(f.Conv, func(c *zongji.Conversation, ch *Change) error {
			ch.Event(zongji.EvState, zongji.BySystem, 0, zongji.MarkData{Msg: m.ID, State: m.State, Reason: reason})
			ch.events[0].Msg = &m
			return nil
		})
		return err
	})
	return out, err
}

// Keep returns what a channel account put under a key, "" for nothing.
func (db *DB) Keep(ctx context.Context, channel int64, key string) (value string, err error) {
	if err = db.read(ctx).one(db.q.KeepGet, []any{channel, key}, &value); missing(err) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	return db.cfg.Sealer.Open(value)
}

// PutKeep writes a value of a channel account. A fence below the highest that
// wrote is refused as Conflict; fence 0 does not compare.
func (db *DB) PutKeep(ctx context.Context, channel int64, key, value string, fence int64) error {
	return db.write(ctx, func(u run) error {
		n, err := u.exec(db.q.KeepPut, channel, key, db.cfg.Sealer.Seal(value), fence, db.now())
		if err == nil && n == 0 {
			return zongji.Errorf(zongji.Conflict, "fenced", "another node has written %s since", key)
		}
		return err
	})
}

// LogLine is a line of a channel account's log.
type LogLine struct {
	At   zongji.Ms `json:"at"`
	Code string    `json:"code"`
	Text string    `json:"text,omitempty"`
}

// LogChannel adds a line to an account's log; the last 200 stay.
func (db *DB) LogChannel(ctx context.Context, channel int64, code, text string) error {
	return db.write(ctx, func(u run) error {
		if _, err := u.exec(db.q.LogInsert, db.ids.New(), channel, db.now(), code, text); err != nil {
			return err
		}
		_, err := u.exec(db.q.LogTrim, channel, logKeep)
		return err
	})
}

// ChannelLog returns the last lines of an account's log, the newest first.
func (db *DB) ChannelLog(ctx context.Context, channel int64, limit int) ([]LogLine, error) {
	return list(db.read(ctx), db.q.LogLast, []any{channel, min(limit, logKeep)}, func(s scan) (l LogLine, err error) {
		return l, s(&l.At, &l.Code, &l.Text)
	})
}

// ChannelHealth is how an account is, as its adapter said last on any node.
type ChannelHealth struct {
	State      string    `json:"state"` // "" nothing was said yet
	Code       string    `json:"code,omitempty"`
	Text       string    `json:"text,omitempty"`
	Until      zongji.Ms `json:"until,omitempty"`
	Since      zongji.Ms `json:"since"`
	CallbackAt zongji.Ms `json:"callback_at,omitempty"`
	Callbacks  int64     `json:"callbacks"`
}

// SetHealth writes how an account is.
func (db *DB) SetHealth(ctx context.Context, channel int64, h ChannelHealth) error {
	return db.write(ctx, func(u run) error {
		_, err := u.exec(db.q.HealthPut, channel, h.State, h.Code, h.Text, h.Until, db.now())
		return err
	})
}

// CountCallbacks adds n requests to an account's address, the last one at a
// moment.
func (db *DB) CountCallbacks(ctx context.Context, channel int64, at zongji.Ms, n int64) error {
	return db.write(ctx, func(u run) error {
		_, err := u.exec(db.q.CallbackCount, channel, at, n)
		return err
	})
}

// Health returns how each account is, by id; one of which nothing is known is
// missing.
func (db *DB) Health(ctx context.Context) (map[int64]ChannelHealth, error) {
	out := map[int64]ChannelHealth{}
	_, err := list(db.read(ctx), db.q.HealthAll, nil, func(s scan) (struct{}, error) {
		var id int64
		var h ChannelHealth
		err := s(&id, &h.State, &h.Code, &h.Text, &h.Until, &h.Since, &h.CallbackAt, &h.Callbacks)
		out[id] = h
		return struct{}{}, err
	})
	return out, err
}
