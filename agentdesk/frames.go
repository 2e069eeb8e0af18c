package agentdesk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"zongji/internal/zongji"
	"zongji/router"
)

// Close codes of the desk's socket, see docs/protocol.md §1.
const (
	closeMoving   = 1001
	closeBadFrame = 4400
	closeNoLogin  = 4401
	closeDenied   = 4403
	closeSlow     = 4408
	closeReplaced = 4409
	closeRate     = 4429
	closeDown     = 4503
)

// request is one frame of a screen; the fields of all types, so that an
// unknown one is refused by name.
type request struct {
	T      string            `json:"t"`
	ID     int64             `json:"id"`
	Conv   int64             `json:"conv"`
	CID    string            `json:"cid"`
	Text   string            `json:"text"`
	Files  []int64           `json:"files"`
	Note   bool              `json:"note"`
	Offer  int64             `json:"offer"`
	Reason string            `json:"reason"`
	State  zongji.AgentState `json:"state"`
	Seq    int64             `json:"seq"`
	On     bool              `json:"on"`

	Template *zongji.Template `json:"template"`
}

// hello is the first frame.
type hello struct {
	T     string `json:"t"`
	ID    int64  `json:"id"`
	Token string `json:"token"`
	Tab   string `json:"tab"`
	Pos   string `json:"pos"`
}

// frame is one entry of the list of what screens may ask.
type frame struct {
	T     string
	Perm  zongji.Perm
	Rows  rows
	serve func(context.Context, *screen, zongji.Actor, request) (answer, error)
}

// answer is the answer to a frame; nil says nothing but ok.
type answer map[string]any

// frames is every frame that a screen may send after hello, with its
// permission and row scope. Each calls the function of its REST twin.
func (d *Desk) frames() []frame {
	return []frame{
		{"reply", zongji.PermReply, rowsConv, func(ctx context.Context, _ *screen, me zongji.Actor, f request) (answer, error) {
			m, err := d.reply(ctx, me, f.Conv, router.Reply{CID: f.CID, Text: f.Text, Files: f.Files, Note: f.Note, Template: f.Template})
			return answer{"msg": m}, err
		}},
		{"accept", zongji.PermReply, rowsSelf, func(ctx context.Context, _ *screen, me zongji.Actor, f request) (answer, error) {
			a, err := d.acceptOffer(ctx, me, &oneOffer{f.Offer})
			return answer{"conv": a.Conv}, err
		}},
		{"decline", zongji.PermReply, rowsSelf, func(ctx context.Context, _ *screen, me zongji.Actor, f request) (answer, error) {
			if len([]rune(f.Reason)) > 200 {
				return nil, zongji.Errorf(zongji.Invalid, "invalid", "the reason has more than 200 characters")
			}
			return nil, d.cfg.Router.DeclineOffer(ctx, me, f.Offer, f.Reason)
		}},
		{"state", zongji.PermReply, rowsSelf, func(ctx context.Context, _ *screen, me zongji.Actor, f request) (answer, error) {
			a, err := d.setState(ctx, me, f.State, f.Reason)
			return answer{"me": a.Me}, err
		}},
		{"read", zongji.PermReply, rowsConv, func(ctx context.Context, _ *screen, me zongji.Actor, f request) (answer, error) {
			return nil, d.read(ctx, me, f.Conv, f.Seq)
		}},
		{"typing", zongji.PermReply, rowsConv, func(ctx context.Context, _ *screen, me zongji.Actor, f request) (answer, error) {
			return nil, d.wrote(ctx, me, f.Conv, f.On)
		}},
		{"ping", zongji.PermSelf, rowsNone, func(context.Context, *screen, zongji.Actor, request) (answer, error) {
			return answer{"t": "pong"}, nil
		}},
	}
}

// push is one entry of the list of what screens are told, with who gets it.
type push struct {
	T    string
	Perm zongji.Perm
	Rows rows
}

// pushes is every frame that screens get unasked. hub.go gives each to those
// screens only.
var pushes = []push{
	{"event", zongji.PermDesk, rowsConv},
	{"gone", zongji.PermDesk, rowsConv},
	{"typing", zongji.PermDesk, rowsConv},
	{"offer", zongji.PermReply, rowsSelf},
	{"offer_end", zongji.PermReply, rowsSelf},
	{"agent", zongji.PermDesk, rowsList}, // one's own and the team's; all with the wall
	{"config", zongji.PermDesk, rowsNone},
	{"seats", zongji.PermSelf, rowsSelf},
	{"moving", zongji.PermSelf, rowsNone},
}

// wrote says that an agent writes; only the owner's writing is shown to the
// customer.
func (d *Desk) wrote(ctx context.Context, me zongji.Actor, conv int64, on bool) error {
	v, ok := d.hub.view(conv)
	if !ok {
		c, err := d.visible(ctx, me, conv)
		if err != nil {
			return err
		}
		v = c.View()
	}
	if !me.Scope.Sees(v) {
		return errNoConv
	}
	if v.Owner == me.User {
		d.cfg.Router.Typing(ctx, me, conv, on)
	}
	return nil
}

// decodeFrame reads one JSON object. ok is false when it is none, or its text
// cannot be stored: then the socket is closed. An unknown or mistyped field is
// only an error.
func decodeFrame(b []byte, v any) (ok bool, err error) {
	if !cleanJSON(b) || len(bytes.TrimLeft(b, " \t\r\n")) == 0 || bytes.TrimLeft(b, " \t\r\n")[0] != '{' || !json.Valid(b) {
		return false, nil
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	err = dec.Decode(v)
	var typ *json.UnmarshalTypeError
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return true, nil
	case errors.As(err, &typ):
		return true, zongji.Errorf(zongji.Invalid, "invalid", "the field %q must be %s", typ.Field, typ.Type)
	}
	if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		return true, zongji.Errorf(zongji.Invalid, "unknown_field", "unknown field %s", name)
	}
	return true, zongji.Errorf(zongji.Invalid, "invalid", "%s", err)
}

// encode returns a frame as bytes. Frames are made here of known types.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("agentdesk: frame does not encode: " + err.Error())
	}
	return b
}
