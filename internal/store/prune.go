package store

import (
	"context"
	"time"

	"zongji/internal/zongji"
)

// Ages says how long rows stay that nothing in the service reads any more; 0
// keeps them for ever.
type Ages struct {
	Seen  time.Duration // that an inbound event was seen: as long as its source may tell it again
	Sent  time.Duration // outbox rows that are finished; their messages stay
	Agent time.Duration // when agents came, went, took breaks
	Audit time.Duration // who changed what
}

// pruneBatch is how many rows go in one transaction: others write in between.
const pruneBatch = 1000

// Prune deletes what is older than its age and returns how many rows that
// were.
func (db *DB) Prune(ctx context.Context, a Ages) (gone int64, err error) {
	now := db.now()
	before := func(age time.Duration) int64 { return zongji.FirstID(now.Add(-age)) } // ids begin with their time
	for _, p := range []struct {
		s   *stmt
		age time.Duration
		end int64 // of what goes
	}{
		{db.q.SeenPrune, a.Seen, int64(now.Add(-a.Seen))},
		{db.q.OutboxPrune, a.Sent, before(a.Sent)},
		{db.q.AgentEventPrune, a.Agent, before(a.Agent)},
		{db.q.AuditPrune, a.Audit, before(a.Audit)},
	} {
		for n := int64(pruneBatch); p.age > 0 && n == pruneBatch; gone += n {
			err := db.write(ctx, func(u run) (err error) {
				n, err = u.exec(p.s, p.end, pruneBatch)
				return err
			})
			if err != nil {
				return gone, err
			}
		}
	}
	return gone, nil
}
