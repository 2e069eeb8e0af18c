package email

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"

	"zongji/channels"
	"zongji/channels/email/post"
	"zongji/internal/zongji"
)

// check tries the connection step by step. Each half stops at the first step
// that fails, since the later ones need it:
//
//	settings   complete and well formed
//	dns tcp tls greeting login id   the IMAP server
//	select     the mailboxes are there
//	idle       it tells of new mails by itself; else it is asked every poll_s
//	quota      how full it is; left out where the server does not say
//	sent       the folder for copies of what is sent
//	smtp_connect smtp_tls smtp_hello smtp_login smtp_from   the SMTP server; nothing is sent
func check(ctx context.Context, set zongji.ChannelAccount) []channels.Step {
	s := &steps{}
	c, err := read(set)
	if !s.add("settings", err, "") {
		return s.list
	}
	access := ""
	if c.auth != byPassword {
		if access, err = c.oauth.access(ctx, &channels.Memory{}, zongji.Wall{}, ""); !s.add("oauth", err, "") {
			return s.list
		}
	}
	s.imap(ctx, &c, access)
	if c.auth != byPassword {
		c.smtp.Password = access
	}
	for _, st := range post.Steps(ctx, c.smtp, c.from.Email) {
		if st.Name == "smtp_login" && !st.OK && c.code {
			st.Text += " (" + codeHint + ")"
		}
		s.list = append(s.list, st)
	}
	return s.list
}

type steps struct{ list []channels.Step }

// add notes a step and reports whether it went well.
func (s *steps) add(name string, err error, text string) bool {
	if err != nil {
		text = err.Error()
	}
	s.list = append(s.list, channels.Step{Name: name, OK: err == nil, Text: text})
	return err == nil
}

// imap tries the server of the mailboxes.
func (s *steps) imap(ctx context.Context, c *config, access string) {
	at := ""
	k, err := dial(ctx, c.imap, commandWait, func(step string) {
		if at != "" {
			s.add(at, nil, "")
		}
		at = step
	})
	if !s.add(at, err, "") {
		return
	}
	defer k.close()
	err = k.login(ctx, c, access)
	if errors.Is(err, errAuth) && c.code {
		err = fmt.Errorf("%w (%s)", err, codeHint)
	}
	if !s.add("login", err, "") {
		return
	}
	name, err := k.id(ctx, c.sendsID)
	if !s.add("id", err, name) {
		return
	}
	for _, box := range c.boxes {
		data, err := k.open(ctx, box, c.then == thenNothing)
		if err != nil {
			s.add("select", err, "")
			return
		}
		s.add("select", nil, fmt.Sprintf("%s: %d", box, data.NumMessages))
	}
	if c.then == thenMove {
		if err := k.has(ctx, c.moveTo); !s.add("move", err, c.moveTo) {
			return
		}
	}
	if k.idles(c) {
		s.add("idle", nil, "IDLE")
	} else {
		s.add("idle", nil, fmt.Sprintf("poll %s", c.poll))
	}
	if full, err := k.quota(ctx, c.boxes[0]); err == nil && full != "" {
		s.add("quota", nil, full)
	}
	if c.copies {
		box := c.sentBox
		if box == "" {
			box, err = k.sentBox(ctx)
		}
		if err == nil && box == "" {
			err = errNoBox
		}
		s.add("sent", err, box)
	}
}

// has reports an error when a mailbox is not there.
func (k *conn) has(ctx context.Context, box string) error {
	err := k.within(ctx, k.wait, func() error {
		_, err := k.c.Status(box, &imap.StatusOptions{UIDValidity: true}).Wait()
		return err
	})
	var no *imap.Error
	if errors.As(err, &no) {
		return fmt.Errorf("%w: %s", errNoBox, strings.TrimSpace(no.Text))
	}
	return err
}
