package store

import (
	"context"
	"math"
	"strconv"
	"strings"

	"zongji/internal/search"
	"zongji/internal/zongji"
)

// Hit is one result of a search. Marks are where the words stand in Snippet,
// in UTF-16 units as JavaScript counts.
type Hit struct {
	Kind    string               `json:"kind"` // conversations | messages | contacts
	Conv    int64                `json:"conv,omitempty"`
	Row     *zongji.Conversation `json:"row,omitempty"`
	Msg     *zongji.Message      `json:"msg,omitempty"`
	Contact *zongji.Contact      `json:"contact,omitempty"`
	Snippet string               `json:"snippet"`
	Marks   [][2]int             `json:"marks"`
}

// Search finds messages, conversations (by their messages) or contacts (by
// name, or by whole phone number or mail address) within a scope, the newest
// first, and returns where the next page begins.
func (db *DB) Search(ctx context.Context, s zongji.Scope, q, kind string, limit int, before string) ([]Hit, string, error) {
	at := int64(math.MaxInt64)
	if before != "" {
		var err error
		if at, err = strconv.ParseInt(before, 10, 64); err != nil {
			return nil, "", zongji.Errorf(zongji.Invalid, "bad_position", "%q is no position of a search", before)
		}
	}
	if err := text(q); err != nil {
		return nil, "", err
	}
	query := search.Parse(q)
	if len(query.Terms) == 0 {
		return []Hit{}, "", nil
	}
	match := query.FTS5()
	if db.engine == "postgres" {
		match = query.TSQuery()
	}
	switch kind {
	case "messages", "conversations", "":
		return db.searchMessages(ctx, s, query, match, kind == "conversations", page(limit), at)
	case "contacts":
		return db.searchContacts(ctx, s, q, query, match, page(limit), at)
	}
	return nil, "", zongji.Errorf(zongji.Invalid, "bad_kind", "no kind %q: messages, conversations or contacts", kind)
}

func (db *DB) searchMessages(ctx context.Context, s zongji.Scope, q search.Query, match string, once bool, limit int, at int64) (hits []Hit, next string, err error) {
	seen := map[int64]bool{}
	hits = []Hit{}
	for {
		rows, err := list(db.read(ctx), db.q.MsgSearch, scopeArgs(s, match, at, limit+1), func(sc scan) (h Hit, err error) {
			var m zongji.Message
			var c row
			err = sc(append(messageColumns(&m), c.columns()...)...)
			return Hit{Kind: "messages", Conv: m.Conv, Msg: &m, Row: &c.Conversation}, err
		})
		if err != nil {
			return nil, "", err
		}
		for _, h := range rows {
			snippet, marks, ok := q.Snippet(indexable(h.Msg))
			if ok && !(once && seen[h.Conv]) {
				if len(hits) == limit {
					return hits, itoa(at), nil
				}
				if h.Snippet, h.Marks = snippet, marks; once {
					h.Kind = "conversations"
				}
				seen[h.Conv] = true
				hits = append(hits, h)
			}
			at = h.Msg.ID
		}
		if len(rows) <= limit {
			return hits, "", nil
		}
	}
}

func (db *DB) searchContacts(ctx context.Context, s zongji.Scope, text string, q search.Query, match string, limit int, at int64) ([]Hit, string, error) {
	hits := []Hit{}
	for _, by := range []struct {
		s  *stmt
		ix string
	}{
		{db.q.ContactsByPhone, db.cfg.Sealer.Blind(phoneDigits(text))},
		{db.q.ContactsByEmail, db.cfg.Sealer.Blind(strings.ToLower(strings.TrimSpace(text)))},
	} {
		if by.ix == "" || at != math.MaxInt64 { // they stand on the first page
			continue
		}
		ids, err := list(db.read(ctx), by.s, scopeArgs(s, by.ix), scanID)
		if err != nil {
			return nil, "", err
		}
		for _, id := range ids {
			c, err := db.Contact(ctx, id)
			if err != nil {
				return nil, "", err
			}
			hits = append(hits, Hit{Kind: "contacts", Contact: &c, Snippet: c.Name, Marks: [][2]int{}})
		}
	}
	for {
		ids, err := list(db.read(ctx), db.q.ContactSearch, scopeArgs(s, match, at, limit+1), scanID)
		if err != nil {
			return nil, "", err
		}
		for _, id := range ids {
			if len(hits) >= limit {
				return hits, itoa(at), nil
			}
			c, err := db.Contact(ctx, id)
			if err != nil {
				return nil, "", err
			}
			if snippet, marks, ok := q.Snippet(c.Name); ok {
				hits = append(hits, Hit{Kind: "contacts", Contact: &c, Snippet: snippet, Marks: marks})
			}
			at = id
		}
		if len(ids) <= limit {
			return hits, "", nil
		}
	}
}

func scanID(s scan) (id int64, err error) { return id, s(&id) }
