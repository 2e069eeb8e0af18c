package agentdesk

import (
	"context"

	"zongji/internal/store"
	"zongji/internal/zongji"
)

// customer returns a contact, phone and address masked, and refuses one of whom
// no conversation lies in scope.
func (d *Desk) customer(ctx context.Context, me zongji.Actor, id int64) (zongji.Contact, error) {
	c, err := d.cfg.Store.Contact(ctx, id)
	if err != nil || me.Scope.All {
		return c, err
	}
	if convs, err := d.cfg.Store.ContactConversations(ctx, me.Scope, c.ID, 1); err != nil {
		return zongji.Contact{}, err
	} else if len(convs) == 0 {
		return zongji.Contact{}, zongji.Errorf(zongji.NotFound, "no_contact", "no such contact")
	}
	return c, nil
}

type oneContact struct {
	Contact int64 `path:"contact"`
}

// contactCard is a customer with who may be the same person, and who turned out
// to be.
type contactCard struct {
	zongji.Contact
	SameAs []store.Same  `json:"same_as"`
	Merges []store.Merge `json:"merges"`
}

func (d *Desk) contact(ctx context.Context, me zongji.Actor, req *oneContact) (contactCard, error) {
	c, err := d.customer(ctx, me, req.Contact)
	card := contactCard{c, []store.Same{}, []store.Merge{}}
	if err != nil {
		return card, err
	}
	same, err := d.cfg.Store.SameAs(ctx, me.Scope, c.ID)
	if err != nil {
		return card, err
	}
	merges, err := d.cfg.Store.Merges(ctx, c.ID)
	card.SameAs, card.Merges = append(card.SameAs, same...), append(card.Merges, merges...)
	return card, err
}

type mergeReq struct {
	Contact int64 `path:"contact"`
	Body    struct {
		Other int64 `json:"other" required:"true"`
	}
}

type mergeAnswer struct {
	Merge   store.Merge    `json:"merge"`
	Contact zongji.Contact `json:"contact"` // who stays; after an undo, whom the caller sees of the two
}

// mergeContacts makes one customer of two, both in scope. The older stays.
func (d *Desk) mergeContacts(ctx context.Context, me zongji.Actor, req *mergeReq) (a mergeAnswer, err error) {
	for _, id := range []int64{req.Contact, req.Body.Other} {
		if _, err := d.customer(ctx, me, id); err != nil {
			return a, err
		}
	}
	if a.Merge, err = d.cfg.Router.MergeContacts(ctx, req.Contact, req.Body.Other, me.User); err != nil {
		return a, err
	}
	if a.Contact, err = d.cfg.Store.Contact(ctx, a.Merge.Winner); err != nil {
		return a, err
	}
	return a, d.audit(ctx, me, "contact.merge", about("contact", a.Merge.Winner), map[string]int64{"merge": a.Merge.ID, "other": a.Merge.Loser})
}

// undoMerge makes two customers of one again.
func (d *Desk) undoMerge(ctx context.Context, me zongji.Actor, req *byID) (a mergeAnswer, err error) {
	if a.Merge, err = d.cfg.Store.Merge(ctx, req.ID); err != nil {
		return a, err
	}
	if a.Contact, err = d.customer(ctx, me, a.Merge.Winner); zongji.KindOf(err) == zongji.NotFound {
		return a, zongji.Errorf(zongji.NotFound, "no_merge", "no such merge") // a foreign one is as one that is not there
	} else if err != nil {
		return a, err
	}
	if a.Merge, err = d.cfg.Router.UndoMerge(ctx, req.ID, me.User); err != nil {
		return a, err
	}
	if a.Contact, err = d.cfg.Store.Contact(ctx, a.Merge.Winner); err != nil {
		return a, err
	}
	return a, d.audit(ctx, me, "contact.unmerge", about("contact", a.Merge.Winner), map[string]int64{"merge": a.Merge.ID, "other": a.Merge.Loser})
}

type patchContactReq struct {
	Contact int64 `path:"contact"`
	Body    struct {
		Name  *string           `json:"name,omitempty" maxLength:"64"`
		Level *zongji.Level     `json:"level,omitempty" minimum:"0" maximum:"3"`
		Note  *string           `json:"note,omitempty" maxLength:"2000"`
		Lang  *string           `json:"lang,omitempty" enum:",zh-CN,zh-TW,en"`
		Attrs map[string]string `json:"attrs,omitempty" doc:"an empty value removes"`
		Block *bool             `json:"blocked,omitempty"`
	}
}

func (d *Desk) patchContact(ctx context.Context, me zongji.Actor, req *patchContactReq) (zongji.Contact, error) {
	c, err := d.customer(ctx, me, req.Contact)
	if err != nil {
		return c, err
	}
	b := req.Body
	if len(b.Attrs) > 50 {
		return c, mistakes{}.with("attrs", "too_many", "has %d entries: at most %d are allowed", len(b.Attrs), 50)
	}
	for k, v := range b.Attrs {
		if len([]rune(k)) > 40 || len([]rune(v)) > 500 {
			return c, mistakes{}.with("attrs", "attr", "%.40q: names have at most 40 and values at most 500 characters", k)
		}
	}
	c, err = d.cfg.Store.PatchContact(ctx, c.ID, store.ContactPatch{Name: b.Name, Level: b.Level, Lang: b.Lang, Note: b.Note, Blocked: b.Block, Attrs: b.Attrs})
	if err != nil {
		return c, err
	}
	return c, d.audit(ctx, me, "contact.change", about("contact", req.Contact), nil)
}

type contactConvReq struct {
	Contact int64 `path:"contact"`
	Limit   int   `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (d *Desk) contactConversations(ctx context.Context, me zongji.Actor, req *contactConvReq) (page[zongji.Conversation], error) {
	c, err := d.customer(ctx, me, req.Contact)
	if err != nil {
		return page[zongji.Conversation]{}, err
	}
	return all(d.cfg.Store.ContactConversations(ctx, me.Scope, c.ID, req.Limit))
}

type revealReq struct {
	Contact int64 `path:"contact"`
	Body    struct {
		Reason string `json:"reason" required:"true" minLength:"1" maxLength:"200"`
	}
}

type revealAnswer struct {
	Phone string `json:"phone"`
	Email string `json:"email"`
}

// reveal is logged before anything is shown.
func (d *Desk) reveal(ctx context.Context, me zongji.Actor, req *revealReq) (revealAnswer, error) {
	if _, err := d.customer(ctx, me, req.Contact); err != nil {
		return revealAnswer{}, err
	}
	if err := d.audit(ctx, me, "contact.reveal", about("contact", req.Contact), map[string]string{"reason": req.Body.Reason}); err != nil {
		return revealAnswer{}, err
	}
	phone, email, err := d.cfg.Store.Reveal(ctx, req.Contact)
	return revealAnswer{phone, email}, err
}
