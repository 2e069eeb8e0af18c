package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"zongji/internal/zongji"
)

// Identities that hold in more than one channel lie under these instead of a
// channel's id.
const (
	byCompany = 0  // the company's own site signed it
	byUnion   = -1 // the channels themselves say so: WeChat's unionid
)

// Merge is one time that two contacts became one.
type Merge struct {
	ID     int64     `json:"id"`
	At     zongji.Ms `json:"at"`
	Winner int64     `json:"winner"`
	Loser  int64     `json:"loser"`
	Name   string    `json:"name"`         // the loser's
	By     int64     `json:"by,omitempty"` // user; 0: the channel or the company's site vouched for it
	Why    string    `json:"why"`          // union | verified | hand
	moved  moved
	undone zongji.Ms
}

// moved is what a merge took from the loser.
type moved struct {
	Convs []int64  `json:"convs"`
	IDs   []key    `json:"ids"`
	Took  []string `json:"took"` // fields that the winner lacked: phone, email, …, attrs.<name>
}

// key is an identity; its Ix is blind.
type key struct {
	Channel int64  `json:"channel"`
	Ix      string `json:"ix"`
}

var (
	errNoMerge = zongji.Errorf(zongji.NotFound, "no_merge", "no such merge")
	errUndone  = zongji.Errorf(zongji.Conflict, "undone", "this merge was undone before")
)

// claim is an identity that an inbound speaks of.
type claim struct {
	channel int64
	ext     string
}

// claims are the identities of an inbound, the strongest first.
func claims(in *zongji.Inbound) (out []claim) {
	ext := cmp.Or(in.From.Ext, in.Thread)
	if in.From.Verified {
		out = append(out, claim{byCompany, cmp.Or(in.From.Sub, ext)})
	}
	if in.From.Union != "" {
		out = append(out, claim{byUnion, in.From.Union})
	}
	return append(out, claim{in.Channel, ext})
}

// recognise finds whom the claims of an inbound belong to; when that are two,
// they become one, unless people have said that they are not. lacking are the
// claims that nobody had. ID is 0 when nobody is known.
func (u run) recognise(in *zongji.Inbound) (p person, lacking []claim, err error) {
	for _, cl := range claims(in) {
		other, err := u.known(cl.channel, cl.ext)
		switch {
		case zongji.KindOf(err) == zongji.NotFound:
			lacking = append(lacking, cl)
		case err != nil:
			return p, nil, err
		case p.ID == 0:
			p = other
		case p.ID != other.ID:
			why := "union"
			if in.From.Verified {
				why = "verified"
			}
			if p, err = u.unite(p, other, 0, why); err != nil {
				return p, nil, err
			}
		}
	}
	return p, lacking, nil
}

// link gives p the claims that nobody had.
func (u run) link(p *person, lacking []claim) error {
	for _, cl := range lacking {
		s := u.db.cfg.Sealer
		if _, err := u.exec(u.db.q.IdentityInsert, cl.channel, s.Blind(cl.ext), s.Seal(cl.ext), p.ID); err != nil {
			return err
		}
	}
	return nil
}

// unite merges two contacts whom somebody vouches for, and returns who stays.
// Two customers of the company stay two, and so do those that people parted.
func (u run) unite(a, b person, by int64, why string) (person, error) {
	if by == 0 {
		var apart int
		if err := u.one(u.db.q.MergeApart, []any{a.ID, b.ID}, &apart); err != nil || apart > 0 {
			return a, err
		}
	}
	m, err := u.merge(a, b, by, why)
	if err != nil {
		return a, err
	}
	return u.contact(m.Winner)
}

// merge makes one contact of two: the older stays, and gets all identities,
// conversations, and what is known of the other alone.
func (u run) merge(a, b person, by int64, why string) (m Merge, err error) {
	if b.CreatedAt < a.CreatedAt || b.CreatedAt == a.CreatedAt && b.ID < a.ID {
		a, b = b, a
	}
	m = Merge{ID: u.db.ids.New(), At: u.db.now(), Winner: a.ID, Loser: b.ID, Name: b.Name, By: by, Why: why}
	if m.moved.IDs, err = list(u, u.db.q.IdentitiesOf, []any{b.ID}, func(s scan) (k key, err error) { return k, s(&k.Channel, &k.Ix) }); err != nil {
		return m, err
	}
	if _, err := u.exec(u.db.q.IdentitiesMove, b.ID, a.ID); err != nil { // first, so that whoever opens a conversation for b waits or is seen
		return m, err
	}
	if m.moved.Convs, err = list(u, u.db.q.ConvsOf, []any{b.ID}, scanID); err != nil {
		return m, err
	}
	if _, err := u.exec(u.db.q.ConvsMove, b.ID, a.ID); err != nil {
		return m, err
	}
	if m.moved.Took = a.take(&b); len(m.moved.Took) > 0 {
		if err := u.putContact(&a); err != nil {
			return m, err
		}
	}
	if err := u.setMerged(&b, a.ID); err != nil {
		return m, err
	}
	if _, err := u.exec(u.db.q.MergeInsert, m.ID, m.At, m.Winner, m.Loser, m.By, m.Why, object(m.moved)); err != nil {
		return m, err
	}
	return m, u.tellMoved(m.moved.Convs, by, zongji.ContactData{From: b.ID, To: a.ID, Merge: m.ID, Why: why})
}

// setMerged points a contact to another, or, with 0, makes it one of its own
// again; only such a one is found by name.
func (u run) setMerged(p *person, winner int64) error {
	if _, err := u.exec(u.db.q.ContactMerged, p.ID, winner); err != nil {
		return err
	}
	if _, err := u.exec(u.db.q.ContactUnindex, p.ID); err != nil || winner != 0 {
		return err
	}
	return u.indexName(p)
}

// tellMoved adds an event to those of the conversations that are open.
func (u run) tellMoved(convs []int64, by int64, data zongji.ContactData) error {
	actor := zongji.BySystem
	if by != 0 {
		actor = zongji.ByAgent
	}
	for _, id := range convs {
		c, err := first(u, u.db.q.ConvByID, []any{id}, errNoConversation, scanConversation)
		if err != nil || !c.Status.Open() {
			if err == nil || zongji.KindOf(err) == zongji.NotFound {
				continue
			}
			return err
		}
		ch, err := u.change(id, func(_ *zongji.Conversation, ch *Change) error {
			ch.Event(zongji.EvContact, actor, by, data)
			return nil
		})
		if err != nil {
			return err
		}
		if u.told != nil {
			*u.told = append(*u.told, ch.Events...)
		}
	}
	return nil
}

// take fills what p lacks from another and names it.
func (p *person) take(o *person) (took []string) {
	fill := func(name string, dst *string, v string) {
		if *dst == "" && v != "" {
			*dst, took = v, append(took, name)
		}
	}
	fill("name", &p.Name, o.Name)
	fill("phone", &p.Phone, o.Phone)
	fill("email", &p.Email, o.Email)
	fill("lang", &p.Lang, o.Lang)
	fill("note", &p.Note, o.Note)
	for k, v := range o.Attrs {
		if _, has := p.Attrs[k]; has {
			continue
		}
		if p.Attrs == nil {
			p.Attrs = map[string]string{}
		}
		p.Attrs[k], took = v, append(took, "attrs."+k)
	}
	if o.Verified && !p.Verified {
		p.Verified, p.Level, took = true, max(p.Level, o.Level), append(took, "verified")
	}
	if o.Blocked && !p.Blocked { // blocking somebody does not end with another account
		p.Blocked, took = true, append(took, "blocked")
	}
	p.LastAt = max(p.LastAt, o.LastAt)
	slices.Sort(took)
	return took
}

// giveBack empties what p took from another and what nobody changed since.
func (p *person) giveBack(o *person, took []string) {
	drop := func(dst *string, v string) {
		if *dst == v {
			*dst = ""
		}
	}
	for _, name := range took {
		switch name {
		case "name":
			drop(&p.Name, o.Name)
		case "phone":
			drop(&p.Phone, o.Phone)
		case "email":
			drop(&p.Email, o.Email)
		case "lang":
			drop(&p.Lang, o.Lang)
		case "note":
			drop(&p.Note, o.Note)
		case "verified":
			p.Verified = false
		case "blocked":
			p.Blocked = false
		default:
			if k := strings.TrimPrefix(name, "attrs."); p.Attrs[k] == o.Attrs[k] {
				delete(p.Attrs, k)
			}
		}
	}
}

// MergeContacts makes one contact of two by hand: the older stays. The events
// are for the screens.
func (db *DB) MergeContacts(ctx context.Context, one, other, by int64) (m Merge, told []zongji.Event, err error) {
	err = db.write(ctx, func(u run) error {
		told = nil
		u.told = &told
		a, err := u.contact(one)
		if err != nil {
			return err
		}
		b, err := u.contact(other)
		if err != nil {
			return err
		}
		if a.ID == b.ID {
			return zongji.Errorf(zongji.Conflict, "same_contact", "they are one contact already")
		}
		m, err = u.merge(a, b, by, "hand")
		return err
	})
	return m, told, err
}

// UndoMerge parts what a merge made one: identities, the conversations that
// moved, and those that came since from what moved. Such two are never merged
// again but by hand.
func (db *DB) UndoMerge(ctx context.Context, id, by int64) (m Merge, told []zongji.Event, err error) {
	err = db.write(ctx, func(u run) error {
		told = nil
		u.told = &told
		m, err = first(u, db.q.MergeByID, []any{id}, errNoMerge, db.scanMerge)
		if err != nil {
			return err
		}
		loser, err := u.rawContact(m.Loser)
		if err != nil {
			return err
		}
		if m.undone != 0 || loser.Merged != m.Winner {
			return errUndone
		}
		winner, err := u.contact(m.Winner) // who may be merged himself by now
		if err != nil {
			return err
		}
		return u.part(&m, winner, loser, by)
	})
	return m, told, err
}

func (u run) part(m *Merge, winner, loser person, by int64) error {
	convs, err := u.cameSince(m, winner.ID)
	if err != nil {
		return err
	}
	for _, k := range m.moved.IDs {
		if _, err := u.exec(u.db.q.IdentityMove, k.Channel, k.Ix, winner.ID, loser.ID); err != nil {
			return err
		}
	}
	var back []int64
	for _, id := range append(slices.Clone(m.moved.Convs), convs...) {
		n, err := u.exec(u.db.q.ConvMove, id, winner.ID, loser.ID)
		if err != nil {
			return err
		}
		if n == 1 {
			back = append(back, id)
		}
	}
	winner.giveBack(&loser, m.moved.Took)
	if err := u.putContact(&winner); err != nil {
		return err
	}
	if err := u.setMerged(&loser, 0); err != nil {
		return err
	}
	if n, err := u.exec(u.db.q.MergeUndone, m.ID, u.db.now()); err != nil {
		return err
	} else if n == 0 {
		return errUndone
	}
	return u.tellMoved(back, by, zongji.ContactData{From: winner.ID, To: loser.ID, Merge: m.ID, Why: "undo"})
}

// cameSince returns the conversations after a merge whose thread is one of the
// identities that moved.
func (u run) cameSince(m *Merge, winner int64) (convs []int64, err error) {
	type row struct {
		id, channel int64
		thread      string
	}
	rows, err := list(u, u.db.q.ConvsSince, []any{winner, m.At}, func(s scan) (r row, err error) { return r, s(&r.id, &r.channel, &r.thread) })
	for _, r := range rows {
		if slices.Contains(m.moved.IDs, key{r.channel, u.db.cfg.Sealer.Blind(r.thread)}) && !slices.Contains(m.moved.Convs, r.id) {
			convs = append(convs, r.id)
		}
	}
	return convs, err
}

func (db *DB) scanMerge(s scan) (m Merge, err error) {
	return m, s(&m.ID, &m.At, &m.Winner, &m.Loser, &m.By, &m.Why, from{&m.moved}, &m.undone, &m.Name)
}

// Merges returns the merges into a contact that were not undone, the newest
// first.
func (db *DB) Merges(ctx context.Context, contact int64) ([]Merge, error) {
	return list(db.read(ctx), db.q.MergesInto, []any{contact}, db.scanMerge)
}

// Merge returns one, or a NotFound error.
func (db *DB) Merge(ctx context.Context, id int64) (Merge, error) {
	return first(db.read(ctx), db.q.MergeByID, []any{id}, errNoMerge, db.scanMerge)
}

// Same is a contact that may be the same person.
type Same struct {
	ID    int64        `json:"id"`
	Name  string       `json:"name"`
	Level zongji.Level `json:"level,omitempty"`
	Why   string       `json:"why"` // phone | email
}

// maxSame is how many are named.
const maxSame = 5

// SameAs returns other contacts within a scope with the same phone number or
// address. That is a hint for people, no proof.
func (db *DB) SameAs(ctx context.Context, s zongji.Scope, contact int64) ([]Same, error) {
	p, err := db.read(ctx).contact(contact)
	if err != nil {
		return nil, err
	}
	var out []Same
	for _, by := range []struct {
		why string
		s   *stmt
		ix  string
	}{
		{"phone", db.q.ContactsByPhone, db.cfg.Sealer.Blind(phoneDigits(p.Phone))},
		{"email", db.q.ContactsByEmail, db.cfg.Sealer.Blind(strings.ToLower(p.Email))},
	} {
		if by.ix == "" {
			continue
		}
		ids, err := list(db.read(ctx), by.s, scopeArgs(s, by.ix), scanID)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if id == p.ID || len(out) == maxSame || slices.ContainsFunc(out, func(o Same) bool { return o.ID == id }) {
				continue
			}
			c, err := db.Contact(ctx, id)
			if errors.Is(err, errNoContact) {
				continue
			} else if err != nil {
				return nil, err
			}
			out = append(out, Same{c.ID, c.Name, c.Level, by.why})
		}
	}
	return out, nil
}
