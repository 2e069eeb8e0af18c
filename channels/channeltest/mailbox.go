package channeltest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"zongji/channels"
	"zongji/internal/zongji"
)

// Mailbox is a Fake whose messages are mails: several people may write in one
// thread.
type Mailbox struct{ *Keyed }

// NewMailbox returns a mailbox; fail as in New.
func NewMailbox(fail func(zongji.Outbound) error) *Mailbox {
	return &Mailbox{NewKeyed("email", fail)}
}

// Kind returns the kind of which m is the only account.
func (m *Mailbox) Kind() channels.Kind {
	k := m.kindOf(m)
	k.Mail = true
	return k
}

// Send keeps the mail under a Message-ID of its own.
func (m *Mailbox) Send(ctx context.Context, out zongji.Outbound) (channels.Sent, error) {
	sent, err := m.Keyed.Send(ctx, out)
	if err == nil {
		sent.ExtID = fmt.Sprintf("out.%d.%s@shop.test", out.Msg.ID, out.Thread)
	}
	return sent, err
}

// Arrive is a mail that somebody wrote in a thread. What mail leaves out is
// filled: a subject, the writer, that a person wrote it.
func (m *Mailbox) Arrive(ctx context.Context, thread, from, text string, mail zongji.Mail) (zongji.Stored, error) {
	id := m.id(from)
	if mail.Subject == "" {
		mail.Subject = "咨询"
	}
	if mail.Class == "" {
		mail.Class = "human"
	}
	if mail.From.Addr == "" {
		mail.From.Addr = from
	}
	mail.MessageID = strings.ReplaceAll(id, "@", ".") + "@x.test"
	extra, err := json.Marshal(mail)
	if err != nil {
		return zongji.Stored{}, err
	}
	m.mu.Lock()
	accept, set := m.accept, m.set
	m.mu.Unlock()
	if accept == nil {
		return zongji.Stored{}, fmt.Errorf("the mailbox is not open yet")
	}
	return accept(ctx, zongji.Inbound{Channel: set.ID, ChanKind: set.Kind, ExtID: id, Thread: thread, Kind: zongji.InMessage, Msg: zongji.KindMail, Lang: "zh-CN",
		From: zongji.Identity{Ext: from, Email: from, Name: strings.Split(from, "@")[0]}, Text: text, Extra: extra, Refs: []string{mail.MessageID}, Auto: mail.Machine()})
}
