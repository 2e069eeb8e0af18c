package router

import (
	"context"
	"encoding/json"
	"slices"

	"zongji/channels"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

// mails reports whether the messages of a kind of channel are mails.
func (r *Router) mails(kind string) bool {
	return slices.ContainsFunc(r.cfg.Kinds, func(k channels.Kind) bool { return k.Name == kind && k.Mail })
}

// mailOf reads what a mail says of itself; the zero Mail for other kinds.
func mailOf(m *zongji.Message) (out zongji.Mail) {
	if m.Kind == zongji.KindMail && len(m.Extra) > 0 {
		_ = json.Unmarshal(m.Extra, &out) // checked when it came
	}
	return out
}

// machine reports whether m is a mail that no person wrote.
func machine(m *zongji.Message) bool {
	mail := mailOf(m)
	return mail.Machine()
}

// threads knows in SQL which mails belong together.
type threads struct{ db *store.DB }

var _ channels.Threads = threads{}

func (t threads) Known(ctx context.Context, channel int64, ids []string) (map[string]channels.ThreadRef, error) {
	found, err := t.db.MailRefs(ctx, channel, ids)
	out := map[string]channels.ThreadRef{}
	for id, ref := range found {
		out[id] = channels.ThreadRef(ref)
	}
	return out, err
}

func (t threads) Thread(ctx context.Context, channel int64, thread string) (channels.Thread, error) {
	th, err := t.db.MailThread(ctx, channel, thread)
	return channels.Thread(th), err
}

func (t threads) Recent(ctx context.Context, channel int64, addr, subject string, since zongji.Ms) (string, error) {
	return t.db.MailRecent(ctx, channel, addr, subject, since)
}

func (t threads) Seen(ctx context.Context, channel int64, ext string) (bool, error) {
	return t.db.MailSeen(ctx, channel, ext)
}
