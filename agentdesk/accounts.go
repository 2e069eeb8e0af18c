package agentdesk

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	"zongji/channels"
	"zongji/internal/zongji"
)

func (d *Desk) channels(ctx context.Context, _ zongji.Actor, _ *struct{}) (page[zongji.ChannelAccount], error) {
	return all(d.cfg.Store.Channels(ctx))
}

type kindCard struct {
	Name  string           `json:"name"`
	Form  []channels.Field `json:"form"`
	Check bool             `json:"check"`

	Grants  bool              `json:"grants,omitempty"` // it has reply windows
	Presets []channels.Preset `json:"presets,omitempty"`
}

func (d *Desk) channelKinds(context.Context, zongji.Actor, *struct{}) (page[kindCard], error) {
	cards := []kindCard{}
	for _, k := range d.cfg.Kinds {
		cards = append(cards, kindCard{k.Name, k.Form, k.Check != nil, k.Grants, k.Presets})
	}
	return page[kindCard]{Items: cards}, nil
}

// draft is an account as the console writes it: its secrets go in and never
// come out.
type draft struct {
	zongji.ChannelAccount
	Secrets map[string]string `json:"secrets,omitempty" doc:"of the form's secret fields; empty or absent: as it is"`
	Forget  []string          `json:"forget,omitempty" doc:"keys of secrets to remove"`
}

// draft is the account over the secrets that are there. A secret among the
// settings is one.
func (d *Desk) draft(dr *draft, have map[string]string) zongji.ChannelAccount {
	a := dr.ChannelAccount
	a.Secrets, a.Settings = maps.Clone(have), maps.Clone(a.Settings)
	put := func(key, v string) {
		if v == "" {
			return
		}
		if a.Secrets == nil {
			a.Secrets = map[string]string{}
		}
		a.Secrets[key] = v
	}
	for key, v := range dr.Secrets {
		put(key, v)
	}
	kind, _ := find(d.cfg.Kinds, nil, func(k channels.Kind) bool { return k.Name == a.Kind }) // else it is refused later
	for _, f := range kind.Form {
		if v, ok := a.Settings[f.Key]; ok && f.Type == "secret" {
			delete(a.Settings, f.Key)
			put(f.Key, v)
		}
	}
	for _, key := range dr.Forget {
		delete(a.Secrets, key)
	}
	return a
}

type channelBody struct{ Body draft }
type channelPut struct {
	ID   int64 `path:"id"`
	Body draft
}

func (d *Desk) addChannel(ctx context.Context, me zongji.Actor, req *channelBody) (zongji.ChannelAccount, error) {
	a := d.draft(&req.Body, nil)
	a.ID = 0
	if a.Key == "" {
		a.Key = randomHex(8)
	}
	return d.putChannel(ctx, me, a, "add")
}

func (d *Desk) channel(ctx context.Context, id int64) (zongji.ChannelAccount, error) {
	list, err := d.cfg.Store.Channels(ctx)
	return find(list, err, func(a zongji.ChannelAccount) bool { return a.ID == id })
}

func (d *Desk) changeChannel(ctx context.Context, me zongji.Actor, req *channelPut) (zongji.ChannelAccount, error) {
	old, err := d.channel(ctx, req.ID)
	if err != nil {
		return old, err
	}
	req.Body.Kind = old.Kind
	a := d.draft(&req.Body, old.Secrets)
	a.ID, a.Secret = old.ID, old.Secret
	return d.putChannel(ctx, me, a, "change")
}

func (d *Desk) putChannel(ctx context.Context, me zongji.Actor, a zongji.ChannelAccount, verb string) (zongji.ChannelAccount, error) {
	m, err := d.checkChannel(ctx, a)
	if err != nil {
		return a, err
	}
	if err := m.err(); err != nil {
		return a, err
	}
	a.Updated = d.now()
	if a, err = d.cfg.Store.PutChannel(ctx, a); err != nil {
		return a, err
	}
	return a, d.saved(ctx, me, "channels", verb, a.ID, map[string]string{"channel": a.Name})
}

// checkChannel names what is wrong with an account, by its kind's form.
func (d *Desk) checkChannel(ctx context.Context, a zongji.ChannelAccount) (mistakes, error) {
	var m mistakes
	m.key("key", a.Key)
	m.need("name", a.Name, 64)
	others, err := d.cfg.Store.Channels(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range others {
		if o.ID != a.ID && o.Key == a.Key {
			m.add("key", "taken_by", "channel %s has this key: choose another", o.Name)
		}
		if o.ID != a.ID && o.Name == a.Name {
			m.add("name", "taken", "another channel has this name: choose another")
		}
	}
	queues, err := d.cfg.Store.Queues(ctx)
	if _, missing := find(queues, err, func(q zongji.Queue) bool { return q.ID == a.Queue }); missing != nil {
		m.add("queue", "gone", "there is no such queue: choose one")
	}
	kind, unknown := find(d.cfg.Kinds, nil, func(k channels.Kind) bool { return k.Name == a.Kind })
	if unknown != nil {
		m.add("kind", "unknown", "%q is not known", a.Kind)
		return m, err
	}
	for _, f := range kind.Form {
		if f.Type == "secret" {
			checkSecret(&m, f, a.Secrets[f.Key])
		} else {
			checkField(&m, f, a.Settings[f.Key])
		}
	}
	for key := range a.Secrets {
		if !slices.ContainsFunc(kind.Form, func(f channels.Field) bool { return f.Key == key && f.Type == "secret" }) {
			m.add("secrets."+key, "no_setting", "is not a setting of %s", a.Kind)
		}
	}
	for key := range a.Settings {
		if !slices.ContainsFunc(kind.Form, func(f channels.Field) bool { return f.Key == key }) {
			m.add("settings."+key, "no_setting", "is not a setting of %s", a.Kind)
		}
	}
	return m, err
}

// maxSecret is how long a secret may be, in characters.
const maxSecret = 1024

func checkSecret(m *mistakes, f channels.Field, v string) {
	switch limit := cmp.Or(f.Max, maxSecret); {
	case v == "" && f.Required:
		m.add("secrets."+f.Key, "empty", "is empty: fill it in")
	case len([]rune(v)) > limit:
		m.add("secrets."+f.Key, "longer", "has more than %d characters", limit)
	}
}

func checkField(m *mistakes, f channels.Field, v string) {
	at := "settings." + f.Key
	if v == "" {
		if f.Required {
			m.add(at, "empty", "is empty: fill it in")
		}
		return
	}
	if f.Max > 0 && len([]rune(v)) > f.Max {
		m.add(at, "longer", "has more than %d characters", f.Max)
	}
	switch f.Type {
	case "color":
		if _, err := hex.DecodeString(strings.TrimPrefix(v, "#")); err != nil || len(v) != 7 || v[0] != '#' {
			m.add(at, "colour", "must be a colour like #1677ff")
		}
	case "bool":
		m.oneOf(at, v, "true", "false")
	case "number":
		if _, err := strconv.ParseFloat(v, 64); err != nil {
			m.add(at, "number", "must be a number")
		}
	case "select":
		m.oneOf(at, v, f.Options...)
	}
	if f.Key == "origins" {
		for o := range strings.FieldsFuncSeq(v, func(r rune) bool { return strings.ContainsRune(", \n\r\t", r) }) {
			scheme, host, ok := strings.Cut(o, "://")
			if ok && scheme != "http" && scheme != "https" || ok && host == "" || strings.ContainsAny(host, "/?#@") {
				m.add(at, "origin", "%q must be like https://shop.example.com", o)
			}
		}
	}
}

func (d *Desk) deleteChannel(ctx context.Context, me zongji.Actor, req *byID) (none, error) {
	a, err := d.channel(ctx, req.ID)
	if err != nil {
		return none{}, err
	}
	if err := d.cfg.Store.DeleteChannel(ctx, a.ID); err != nil {
		return none{}, err
	}
	return none{}, d.saved(ctx, me, "channels", "delete", a.ID, map[string]string{"channel": a.Name})
}

type secretAnswer struct {
	Secret string `json:"secret"`
}

// newSecret makes the secret that signs visitors' identities; it is shown
// this once.
func (d *Desk) newSecret(ctx context.Context, me zongji.Actor, req *byID) (secretAnswer, error) {
	if _, err := d.channel(ctx, req.ID); err != nil {
		return secretAnswer{}, err
	}
	secret := randomHex(32)
	if err := d.cfg.Store.SetChannelSecret(ctx, req.ID, secret); err != nil {
		return secretAnswer{}, err
	}
	return secretAnswer{secret}, d.saved(ctx, me, "channels", "secret", req.ID, nil)
}

type checkAnswer struct {
	Steps []channels.Step `json:"steps"`
}

// checkAccount tries the connection of an account, step by step.
func (d *Desk) checkAccount(ctx context.Context, _ zongji.Actor, req *byID) (checkAnswer, error) {
	a, err := d.channel(ctx, req.ID)
	if err != nil {
		return checkAnswer{}, err
	}
	kind, err := find(d.cfg.Kinds, nil, func(k channels.Kind) bool { return k.Name == a.Kind })
	if err != nil || kind.Check == nil {
		return checkAnswer{[]channels.Step{}}, nil
	}
	return checkAnswer{kind.Check(ctx, a)}, nil
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}
