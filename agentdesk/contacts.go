package agentdesk

import (
	"context"

	"zongji/internal/store"
	"zongji/internal/zongji"
)

// customer returns a contact, phone and address masked, and refuses one of whom
// no conversation lies in scope.
func (d *Desk) customer(ctx context.Context, me zongji.Actor, id int64) (zongji.Contact, error) {
	gone := zongji.Errorf(zongji.NotFound, "no_contact", "no such contact")
	if !me.Scope.All {
		if convs, err := d.cfg.Store.ContactConversations(ctx, me.Scope, id, 1); err != nil {
			return zongji.Contact{}, err
		} else if len(convs) == 0 {
			return zongji.Contact{}, gone
		}
	}
	return d.cfg.Store.Contact(ctx, id)
}

type oneContact struct {
	Contact int64 `path:"contact"`
}

func (d *Desk) contact(ctx context.Context, me zongji.Actor, req *oneContact) (zongji.Contact, error) {
	return d.customer(ctx, me, req.Contact)
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
	c, err = d.cfg.Store.PatchContact(ctx, req.Contact, store.ContactPatch{Name: b.Name, Level: b.Level, Lang: b.Lang, Note: b.Note, Blocked: b.Block, Attrs: b.Attrs})
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
	if _, err := d.customer(ctx, me, req.Contact); err != nil {
		return page[zongji.Conversation]{}, err
	}
	return all(d.cfg.Store.ContactConversations(ctx, me.Scope, req.Contact, req.Limit))
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
