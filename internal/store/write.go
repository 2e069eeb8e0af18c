package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"zongji/internal/zongji"
)

const (
	// maxBatch is how many units may wait for the SQLite writer and how many
	// are committed together.
	maxBatch = 256
	// attempts is how often a unit runs that lost a race.
	attempts = 5
)

// unit is one caller's work for the SQLite writer.
type unit struct {
	ctx  context.Context
	fn   func(run) error
	err  error
	done chan struct{}
}

var errClosed = zongji.Errorf(zongji.Busy, "store_closed", "the database is closed")

// write runs fn in one transaction and returns when it is committed. fn may
// run several times and must have no effect but its statements. When write
// returns an error nothing was written.
func (db *DB) write(ctx context.Context, fn func(run) error) error {
	began := time.Now()
	defer func() { db.m.took.Observe(time.Since(began).Seconds()) }()
	if db.engine == "postgres" {
		return db.writePostgres(ctx, fn)
	}
	u := &unit{ctx: ctx, fn: fn, done: make(chan struct{})}
	select {
	case db.units <- u:
	case <-ctx.Done():
		return ctx.Err()
	case <-db.stop:
		return errClosed
	}
	select {
	case <-u.done:
		return u.err
	case <-db.stop:
	}
	<-db.ended // it answers what it took, and then no more
	select {
	case <-u.done:
		return u.err
	default:
		return errClosed
	}
}

func (db *DB) writePostgres(ctx context.Context, fn func(run) error) (err error) {
	for try := range attempts {
		if try > 0 {
			time.Sleep(time.Duration(rand.IntN(5<<try)) * time.Millisecond)
		}
		if err = db.onePostgres(ctx, fn); err == nil || !again(err) {
			return err
		}
	}
	return err
}

func (db *DB) onePostgres(ctx context.Context, fn func(run) error) error {
	tx, err := db.pool.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() // after Commit this does nothing
	if err := fn(run{ctx: ctx, db: db, tx: tx}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	db.m.batch.Observe(1)
	return nil
}

// writer is the only one that writes to SQLite: it takes what waits, never
// waits for more, and releases the callers after the commit.
func (db *DB) writer() {
	defer close(db.ended)
	batch := make([]*unit, 0, maxBatch)
	for {
		select {
		case <-db.stop:
			return
		case u := <-db.units:
			batch = append(batch[:0], u)
		}
	more:
		for len(batch) < maxBatch {
			select {
			case u := <-db.units:
				batch = append(batch, u)
			default:
				break more
			}
		}
		if err := db.commit(batch); err != nil {
			for _, u := range batch {
				u.err = err
			}
		}
		db.m.batch.Observe(float64(len(batch)))
		for _, u := range batch {
			close(u.done)
		}
	}
}

// savepoints are the statements around units.
type savepoints struct{ begin, save, release, undo, commit, rollback *sql.Stmt }

func (s *savepoints) prepare(ctx context.Context, conn *sql.Conn) (err error) {
	for text, st := range map[string]**sql.Stmt{"BEGIN IMMEDIATE": &s.begin, "SAVEPOINT u": &s.save, "RELEASE u": &s.release, "ROLLBACK TO u": &s.undo, "COMMIT": &s.commit, "ROLLBACK": &s.rollback} {
		if *st, err = conn.PrepareContext(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return nil
}

// commit runs the units in one transaction, each in a savepoint of its own. A
// unit that fails is undone alone; an error of commit itself means that all
// of them failed.
func (db *DB) commit(batch []*unit) (err error) {
	do := func(s *sql.Stmt) {
		if err == nil {
			_, err = s.Exec()
		}
	}
	do(db.marks.begin)
	var words []indexed
	for _, u := range batch {
		if err != nil {
			break
		}
		if u.err = u.ctx.Err(); u.err != nil {
			continue
		}
		do(db.marks.save)
		if err != nil {
			break
		}
		n := len(words)
		if u.err = db.guard(u, &words); u.err != nil {
			words = words[:n]
			if do(db.marks.undo); err != nil { // SQLite undid everything: no space, no disk
				err = fmt.Errorf("%w (%w)", u.err, err)
				break
			}
		}
		do(db.marks.release)
	}
	for _, w := range words {
		if err == nil {
			db.count.Add(1)
			_, err = db.q.MsgIndex.w.Exec(w.id, w.words)
		}
	}
	do(db.marks.commit)
	if err != nil {
		_, _ = db.marks.rollback.Exec() // may be over already
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// guard runs a unit; a panic in it is its own error, not the writer's end.
func (db *DB) guard(u *unit, words *[]indexed) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a write: %v", p)
			db.cfg.Log.Error("panic in a write", "panic", p)
		}
	}()
	err = u.fn(run{ctx: context.Background(), db: db, w: true, words: words})
	if errors.Is(err, errMoved) { // cannot be: nobody else writes
		return zongji.Errorf(zongji.Busy, "store_busy", "the row moved on")
	}
	return err
}
