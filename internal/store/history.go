package store

import (
	"cmp"
	"context"
	"slices"

	"zongji/internal/zongji"
)

// historyChunk is how many conversations are written in one transaction, so
// that nobody waits long for the writer.
const historyChunk = 20

// HistoryConversation is one finished conversation of a made-up past. Ids,
// seqs and revs are filled; each message gets its event, and Events are set
// between them by their time.
type HistoryConversation struct {
	Contact  zongji.Contact // Name, Level, Phone, Email, Lang
	Conv     zongji.Conversation
	Messages []zongji.Message
	Events   []HistoryEvent
}

// HistoryEvent is an event that is no message.
type HistoryEvent struct {
	At    zongji.Ms
	Kind  zongji.EventKind
	By    string
	Actor int64
	Data  any // one of the Data types
}

// LoadHistory writes conversations, marked to be removed together, some in
// each transaction. With them goes the setting key, its JSON text made of how
// many are written then, so that a load cut off anywhere can go on without
// writing one twice. An empty key writes no setting.
func (db *DB) LoadHistory(ctx context.Context, all []HistoryConversation, key string, text func(done int) string) error {
	done := 0
	for chunk := range slices.Chunk(all, historyChunk) {
		done += len(chunk)
		err := db.write(ctx, func(u run) error {
			for i := range chunk {
				if err := u.history(&chunk[i]); err != nil {
					return err
				}
			}
			if key == "" {
				return nil
			}
			_, err := u.exec(u.db.q.SettingPut, key, text(done))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (u run) history(h *HistoryConversation) error {
	ids := u.db.ids
	p := person{h.Contact}
	p.ID = ids.New()
	p.CreatedAt, p.LastAt = h.Conv.CreatedAt, h.Conv.LastAt
	if err := u.insertContact(&p, true); err != nil {
		return err
	}
	c := row{Conversation: h.Conv, quiet: true}
	c.ID, c.Contact, c.Epoch, c.Rev = ids.New(), p.ID, max(1, c.Epoch), 0
	if c.Thread == "" {
		c.Thread = "history-" + itoa(c.ID)
	}
	events := make([]event, 0, len(h.Messages)+len(h.Events))
	for _, m := range h.Messages {
		m.ID, m.Conv, m.State = ids.New(), c.ID, cmp.Or(m.State, zongji.StateStored)
		m.Kind = cmp.Or(m.Kind, zongji.KindText)
		by, actor := author(&m, &c)
		events = append(events, event{Event: zongji.Event{At: m.At, Kind: zongji.EvMessage, By: by, Actor: actor, Msg: &m}})
	}
	for _, e := range h.Events {
		events = append(events, event{Event: zongji.Event{At: e.At, Kind: e.Kind, By: e.By, Actor: e.Actor, Data: []byte(object(e.Data))}, n: number(e.Data)})
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.At, b.At) })
	seq := int64(0)
	for i := range events {
		e := &events[i]
		e.ID, e.Conv, e.Rev, e.Before, e.After = ids.New(), c.ID, int64(i)+1, c.View(), c.View()
		if e.Msg != nil {
			seq++
			e.Msg.Seq = seq
			if _, err := insertMessage(u, c.Channel, e.Msg, ""); err != nil {
				return err
			}
		}
		if err := insertEvent(u, &c, &e.Event, e.n, ""); err != nil {
			return err
		}
		c.changed = e.At
	}
	c.Rev, c.LastSeq, c.HandledSeq = int64(len(events)), seq, seq
	c.AgentSeen, c.ContactGot, c.ContactSaw, c.Unread = seq, seq, seq, 0
	return c.insert(u, true)
}

// RemoveHistory removes what LoadHistory wrote, and nothing else, and returns
// how many conversations that were.
func (db *DB) RemoveHistory(ctx context.Context) (removed int, err error) {
	convs, people := db.q.DemoConversations, db.q.DemoContacts
	perConv := []*stmt{db.q.DemoUnindex, db.q.DemoMessages, db.q.DemoEvents, db.q.DemoConversation}
	perContact := []*stmt{db.q.ContactUnindex, db.q.DemoIdentity, db.q.DemoContact}
	if removed, err = db.removeChunks(ctx, convs, perConv); err == nil {
		_, err = db.removeChunks(ctx, people, perContact)
	}
	return removed, err
}

func (db *DB) removeChunks(ctx context.Context, find *stmt, each []*stmt) (removed int, err error) {
	for {
		n := 0
		err := db.write(ctx, func(u run) error {
			ids, err := list(u, find, []any{historyChunk}, scanID)
			n = len(ids)
			for _, id := range ids {
				for _, s := range each {
					if err == nil {
						_, err = u.exec(s, id)
					}
				}
			}
			return err
		})
		if err != nil || n == 0 {
			return removed, err
		}
		removed += n
	}
}
