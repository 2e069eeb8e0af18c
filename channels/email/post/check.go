package post

import (
	"context"

	"zongji/channels"
)

// Steps tries the server step by step as far as a mail's sender, and sends
// nothing: smtp_connect, smtp_tls, smtp_hello, smtp_login, smtp_from. The last
// one is the first that failed.
func Steps(ctx context.Context, s Server, from string) (list []channels.Step) {
	c := &call{s: s, try: 1, step: "connect"}
	defer c.close()
	err := c.open(ctx)
	if err == nil {
		c.begin(ctx, "mail", c.limit())
		err = c.smtp.Mail("<" + from + ">")
	}
	order := []string{"connect", "tls", "hello", "login", "mail"}
	switch s.Security {
	case STARTTLS:
		order = []string{"connect", "hello", "tls", "login", "mail"}
	case Plain:
		order = []string{"connect", "hello", "login", "mail"}
	}
	for _, name := range order {
		step := channels.Step{Name: "smtp_" + name, OK: true}
		if name == "mail" {
			step.Name = "smtp_from"
		}
		if err != nil && c.step == name {
			step.OK, step.Text = false, c.failed(err).Reason
		}
		list = append(list, step)
		if !step.OK {
			return list
		}
	}
	c.begin(ctx, "quit", c.limit())
	_ = c.smtp.Reset() // the sender is forgotten: nothing was sent
	_ = c.smtp.Quit()
	return list
}
