package store

import (
	"cmp"
	"context"
	"maps"
	"strings"

	"zongji/internal/search"
	"zongji/internal/zongji"
)

var errNoContact = zongji.Errorf(zongji.NotFound, "no_contact", "no such contact")

// scanContact reads a contact with phone and email as they were written.
func (db *DB) scanContact(s scan) (c zongji.Contact, err error) {
	if err = s(&c.ID, &c.Name, &c.Level, &c.Phone, &c.Email, &c.Lang, from{&c.Attrs}, &c.Note, &c.Blocked, &c.Verified, &c.CreatedAt, &c.LastAt, &c.Merged); err != nil {
		return c, err
	}
	if c.Phone, err = db.cfg.Sealer.Open(c.Phone); err == nil {
		c.Email, err = db.cfg.Sealer.Open(c.Email)
	}
	return c, err
}

// person is a contact that may be changed; its phone and email are open.
type person struct{ zongji.Contact }

// contact returns a customer; of one who was merged, whom he became part of.
func (u run) contact(id int64) (p person, err error) {
	for range maxMerged {
		if p, err = u.rawContact(id); err != nil || p.Merged == 0 {
			return p, err
		}
		id = p.Merged
	}
	return p, errNoContact
}

// maxMerged is how many merges are followed.
const maxMerged = 32

func (u run) rawContact(id int64) (person, error) {
	c, err := first(u, u.db.q.ContactByID, []any{id}, errNoContact, u.db.scanContact)
	return person{c}, err
}

// Contact returns a customer with masked phone and email, or a NotFound
// error.
func (db *DB) Contact(ctx context.Context, id int64) (zongji.Contact, error) {
	p, err := db.read(ctx).contact(id)
	p.Phone, p.Email = maskPhone(p.Phone), maskEmail(p.Email)
	return p.Contact, err
}

// Reveal returns the whole phone number and address. The caller logs it.
func (db *DB) Reveal(ctx context.Context, id int64) (phone, email string, err error) {
	p, err := db.read(ctx).contact(id)
	return p.Phone, p.Email, err
}

// ContactPatch is what an agent changes of a contact; nil leaves a field.
type ContactPatch struct {
	Name    *string
	Level   *zongji.Level
	Phone   *string
	Email   *string
	Lang    *string
	Note    *string
	Blocked *bool
	Attrs   map[string]string // "" removes
}

// PatchContact changes a customer and returns him masked.
func (db *DB) PatchContact(ctx context.Context, id int64, p ContactPatch) (zongji.Contact, error) {
	err := db.write(ctx, func(u run) error {
		c, err := u.contact(id)
		if err != nil {
			return err
		}
		put(&c.Name, p.Name)
		put(&c.Level, p.Level)
		put(&c.Phone, p.Phone)
		put(&c.Email, p.Email)
		put(&c.Lang, p.Lang)
		put(&c.Note, p.Note)
		put(&c.Blocked, p.Blocked)
		for k, v := range p.Attrs {
			if c.Attrs == nil {
				c.Attrs = map[string]string{}
			}
			if c.Attrs[k] = v; v == "" {
				delete(c.Attrs, k)
			}
		}
		return u.putContact(&c)
	})
	if err != nil {
		return zongji.Contact{}, err
	}
	return db.Contact(ctx, id)
}

func put[T any](dst *T, v *T) {
	if v != nil {
		*dst = *v
	}
}

// learn takes over what a channel says of the customer; false when it is
// known. Only the company's own site may change phone, email and level that
// are already there.
func (p *person) learn(in *zongji.Inbound) (changed bool) {
	f := &in.From
	over := f.Verified || !p.Verified
	take := func(dst *string, v string, may bool) {
		if v != "" && v != *dst && (may || *dst == "") {
			*dst, changed = v, true
		}
	}
	take(&p.Name, f.Name, over)
	take(&p.Phone, f.Phone, f.Verified)
	take(&p.Email, f.Email, f.Verified)
	take(&p.Lang, in.Lang, false)
	if f.Verified && (!p.Verified || p.Level != f.Level) {
		p.Verified, p.Level, changed = true, f.Level, true
	}
	for k, v := range f.Attrs {
		if p.Attrs[k] != v {
			if p.Attrs == nil {
				p.Attrs = map[string]string{}
			}
			p.Attrs[k], changed = v, true
		}
	}
	if changed {
		p.Attrs = maps.Clone(p.Attrs)
	}
	return changed
}

// profile takes over what an event tells of a customer who is known; false
// when that is nothing new.
func (u run) profile(in *zongji.Inbound) (learned bool, err error) {
	f := &in.From
	if f.Name == "" && f.Phone == "" && f.Email == "" && f.Union == "" && len(f.Attrs) == 0 && !f.Verified {
		return false, nil
	}
	if _, err := u.known(in.Channel, cmp.Or(f.Ext, in.Thread)); zongji.KindOf(err) == zongji.NotFound {
		return false, nil
	} else if err != nil {
		return false, err
	}
	p, lacking, err := u.recognise(in)
	if err == nil {
		err = u.link(&p, lacking)
	}
	if err != nil || !p.learn(in) {
		return false, err
	}
	return true, u.putContact(&p)
}

// known returns whom an identity of a channel belongs to, or a NotFound error.
func (u run) known(channel int64, ext string) (person, error) {
	c, err := first(u, u.db.q.ContactByIdentity, []any{channel, u.db.cfg.Sealer.Blind(ext)}, errNoContact, u.db.scanContact)
	return person{c}, err
}

// identify finds who wrote, or makes a new contact.
func (u run) identify(in *zongji.Inbound, now zongji.Ms) (person, error) {
	p, lacking, err := u.recognise(in)
	if err != nil {
		return p, err
	}
	fresh := p.ID == 0
	if fresh {
		p.Contact = zongji.Contact{ID: u.db.ids.New(), CreatedAt: now, LastAt: now}
	}
	learned := p.learn(in)
	p.LastAt = now
	switch {
	case fresh:
		err = u.insertContact(&p, false)
	case learned:
		err = u.putContact(&p)
	}
	if err == nil {
		err = u.link(&p, lacking)
	}
	return p, err
}

func (u run) insertContact(p *person, demo bool) error {
	s := u.db.cfg.Sealer
	if _, err := u.exec(u.db.q.ContactInsert, p.ID, p.Name, p.Level, s.Seal(p.Phone), s.Blind(phoneDigits(p.Phone)), s.Seal(p.Email), s.Blind(strings.ToLower(p.Email)),
		p.Lang, object(p.Attrs), p.Note, p.Blocked, p.Verified, p.CreatedAt, p.LastAt, demo); err != nil {
		return err
	}
	return u.indexName(p)
}

func (u run) putContact(p *person) error {
	s := u.db.cfg.Sealer
	if _, err := u.exec(u.db.q.ContactUpdate, p.ID, p.Name, p.Level, s.Seal(p.Phone), s.Blind(phoneDigits(p.Phone)), s.Seal(p.Email), s.Blind(strings.ToLower(p.Email)),
		p.Lang, object(p.Attrs), p.Note, p.Blocked, p.Verified, p.LastAt); err != nil {
		return err
	}
	if _, err := u.exec(u.db.q.ContactUnindex, p.ID); err != nil {
		return err
	}
	return u.indexName(p)
}

// phoneDigits returns the digits of a phone number without the prefix of
// China, "" when they are too few for one.
func phoneDigits(s string) string {
	d := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
	if len(d) == 13 {
		d = strings.TrimPrefix(d, "86")
	}
	if len(d) < 6 {
		return ""
	}
	return d
}

// maskPhone shows 138****1111 of a mobile number, the last two of a shorter
// one, nothing of what has fewer than eight characters.
func maskPhone(s string) string {
	r := []rune(s)
	switch n := len(r); {
	case n < 8:
		return strings.Repeat("*", n)
	case n < 11:
		return strings.Repeat("*", n-2) + string(r[n-2:])
	default:
		return string(r[:3]) + strings.Repeat("*", n-7) + string(r[n-4:])
	}
}

// maskEmail shows a***@example.com of an address.
func maskEmail(s string) string {
	name, host, ok := strings.Cut(s, "@")
	switch {
	case s == "":
		return ""
	case !ok || name == "":
		return "***"
	}
	return string([]rune(name)[:1]) + "***@" + host
}

// indexName writes the index words of a name; none for a name without any.
func (u run) indexName(p *person) error {
	words := search.Words(p.Name)
	if len(words) == 0 {
		return nil
	}
	_, err := u.exec(u.db.q.ContactIndex, p.ID, strings.Join(words, " "))
	return err
}
