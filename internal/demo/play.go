package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"net/http"
	"strconv"
	"sync"
	"time"

	"zongji/internal/client"
	"zongji/internal/zongji"
)

// leastWait is the least patience of a customer at any speed.
const leastWait = 10 * time.Second

// waitLimit is how long a customer waits for bot, queue or agent before he
// gives up and goes on with his next step, at speed 1.
const waitLimit = 90 * time.Second

// Outcome is what happened to one recorded customer.
type Outcome struct {
	Customer string        `json:"customer"`
	Said     int           `json:"said"`
	Bot      int           `json:"bot"`   // answers of the bot
	Agent    string        `json:"agent"` // who served him, "" nobody
	FirstBot time.Duration `json:"first_bot_ns"`
	Wait     time.Duration `json:"wait_ns"` // from queue to agent
	Stars    int           `json:"stars"`
	End      string        `json:"end"` // solved | served | waiting | left
	Err      string        `json:"err,omitempty"`
}

// Player plays recorded customers against a running product.
type Player struct {
	Base    string
	Channel string
	Speed   float64 // 1 = as recorded, 10 = ten times as fast
	Ledger  *Ledger
	Run     string // makes client ids unique: the run's name
	// Identify returns the signed identity of a customer, "" for a stranger;
	// nil: all are strangers.
	Identify func(run string, c Customer) string
	Seen     func(conv int64, m zongji.VisitorMessage) // each message that a customer saw; may be nil
}

// Trail is what is needed to look up a customer's messages later.
type Trail struct {
	Token string
	Acks  map[string]client.Ack // by client id
}

// Play lets one customer act and returns when he has left.
func (p *Player) Play(ctx context.Context, c Customer) (out Outcome, trail Trail) {
	out = Outcome{Customer: c.ID, End: "left"}
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	s := &stage{p: p, out: &out, turned: make(chan struct{}, 1), acks: map[string]client.Ack{}}
	lang := c.Lang
	if lang == "" {
		lang = "zh-CN"
	}
	signed := ""
	if p.Identify != nil {
		signed = p.Identify(p.Run, c)
	}
	s.v = client.NewVisitor(client.VisitorConfig{Base: p.Base, Channel: p.Channel, Lang: lang, Identity: signed, Page: p.Base + "/demo/shop.html", Heard: s.heard, Changed: s.changed})
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		if err := s.v.Run(ctx); err != nil {
			s.note(err)
			leave()
		}
	}()
	for i, st := range c.Steps {
		if !p.rest(ctx, time.Duration(st.AfterMs)*time.Millisecond) {
			break
		}
		if err := s.act(ctx, st, fmt.Sprintf("%s-%s-%d", p.Run, c.ID, i+1)); err != nil {
			s.note(err)
			break
		}
	}
	leave()
	wg.Wait()
	return out, Trail{s.v.Token(), s.acks}
}

// patience is waitLimit at the player's speed, but long enough for a restart.
func (p *Player) patience() time.Duration {
	return max(time.Duration(float64(waitLimit)/max(1, p.Speed)), leastWait)
}

func (p *Player) rest(ctx context.Context, d time.Duration) bool {
	if p.Speed > 0 {
		d = time.Duration(float64(d) / p.Speed)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// stage is one customer's play.
type stage struct {
	p      *Player
	v      *client.Visitor
	turned chan struct{}
	acks   map[string]client.Ack // belongs to Play

	mu      sync.Mutex
	out     *Outcome
	options []zongji.Option
	bot     int
	agent   int // messages of agents
	waiting bool
	queued  time.Time
	said    time.Time
}

func (s *stage) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out.Err == "" && err != nil {
		s.out.Err = err.Error()
	}
}

func (s *stage) wake() {
	select {
	case s.turned <- struct{}{}:
	default:
	}
}

func (s *stage) heard(m zongji.VisitorMessage) {
	if s.p.Seen != nil {
		s.p.Seen(m.Conv, m)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch m.From {
	case zongji.FromBot:
		s.bot++
		s.out.Bot++
		if s.out.FirstBot == 0 && !s.said.IsZero() {
			s.out.FirstBot = time.Since(s.said)
		}
		if o := options(m); o != nil {
			s.options = o
		}
	case zongji.FromAgent:
		s.agent++
		s.out.Agent = m.Name
		s.out.End = "served"
	}
	s.wake()
}

func (s *stage) changed(status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch status {
	case "waiting":
		s.waiting, s.queued = true, time.Now()
		s.out.End = "waiting"
	case "agent":
		if !s.queued.IsZero() && s.out.Wait == 0 {
			s.out.Wait = time.Since(s.queued)
		}
	}
	s.wake()
}

// options returns the buttons of a message, nil when it has none.
func options(m zongji.VisitorMessage) []zongji.Option {
	b, err := json.Marshal(m.Extra)
	if err != nil || m.Extra == nil {
		return nil
	}
	var o struct {
		Options []zongji.Option `json:"options"`
	}
	if json.Unmarshal(b, &o) != nil {
		return nil
	}
	return o.Options
}

func (s *stage) act(ctx context.Context, st Step, cid string) error {
	switch {
	case st.Say != "":
		return s.send(ctx, client.Say{CID: cid, Text: st.Say})
	case st.Choose != "":
		return s.choose(ctx, st.Choose, cid)
	case st.File != "":
		return s.picture(ctx, cid)
	case st.WaitFor != "":
		s.wait(ctx, st.WaitFor)
	case st.Rate != 0:
		s.mu.Lock()
		s.out.Stars = st.Rate
		s.mu.Unlock()
		return s.v.Rate(ctx, st.Rate, "")
	case st.End:
		return s.v.End(ctx)
	}
	return nil
}

func (s *stage) send(ctx context.Context, say client.Say) error {
	s.mu.Lock()
	s.bot, s.agent, s.said = 0, 0, time.Now()
	s.out.Said++
	s.mu.Unlock()
	s.p.Ledger.Sent()
	a, err := s.v.Send(ctx, say)
	if err == nil {
		s.p.Ledger.Acked(say.CID, a)
		s.acks[say.CID] = a
	}
	return err
}

// choose presses a button of the last message that had any: "human",
// "solved", "unsolved", or the number of a candidate.
func (s *stage) choose(ctx context.Context, what, cid string) error {
	s.mu.Lock()
	opts := s.options
	s.mu.Unlock()
	pick := func(match func(i int, o zongji.Option) bool) *zongji.Option {
		for i, o := range opts {
			if match(i, o) {
				return &o
			}
		}
		return nil
	}
	n, _ := strconv.Atoi(what)
	o := pick(func(i int, o zongji.Option) bool {
		kind, _, _ := cutOption(o.Value)
		return kind == what || n == i+1
	})
	if o == nil && what == "human" {
		o = &zongji.Option{Value: "human", Text: "转人工"}
	}
	if o == nil {
		return nil // the bot showed no such button: a customer cannot press it
	}
	if what == "solved" {
		s.mu.Lock()
		s.out.End = "solved"
		s.mu.Unlock()
	}
	return s.send(ctx, client.Say{CID: cid, Text: o.Text, Choice: o.Value})
}

func cutOption(v string) (kind, arg string, ok bool) {
	for i := range len(v) {
		if v[i] == ':' {
			return v[:i], v[i+1:], true
		}
	}
	return v, "", false
}

// wait returns when bot, queue, agent or reply happened since the customer
// last spoke, or when he lost patience.
func (s *stage) wait(ctx context.Context, what string) {
	limit := time.NewTimer(s.p.patience())
	defer limit.Stop()
	for {
		s.mu.Lock()
		done := map[string]bool{
			"bot":   s.bot > 0,
			"queue": s.waiting || s.agent > 0,
			"agent": s.agent > 0,
			"reply": s.bot > 0 || s.agent > 0,
		}[what]
		s.mu.Unlock()
		if done {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-limit.C:
			return
		case <-s.turned:
		}
	}
}

// picture uploads a small picture and sends it.
func (s *stage) picture(ctx context.Context, cid string) error {
	for s.v.Token() == "" {
		if !s.p.rest(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
	for {
		f, err := Upload(ctx, s.p.Base, s.p.Channel, s.v.Token(), "故障照片.png", Picture(len(cid)))
		if err == nil {
			return s.send(ctx, client.Say{CID: cid, Files: []string{f.URL}})
		}
		if !s.p.rest(ctx, time.Second) { // the product may be starting again
			return err
		}
	}
}

// Picture draws a small PNG: n picks the colours.
func Picture(n int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 240, 160))
	for y := range 160 {
		for x := range 240 {
			c := color.RGBA{uint8(200 - y/2), uint8(150 + (x*n)%80), uint8(120 + n%100), 255}
			if (x-120)*(x-120)+(y-80)*(y-80) < 45*45 {
				c = color.RGBA{60, uint8(60 + n%120), 90, 255}
			}
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err) // into memory, of a valid image
	}
	return b.Bytes()
}

// Upload puts a visitor's file.
func Upload(ctx context.Context, base, channel, token, name string, content []byte) (zongji.File, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		return zongji.File{}, err
	}
	if _, err := part.Write(content); err != nil {
		return zongji.File{}, err
	}
	w.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/c/"+channel+"/files", &body)
	if err != nil {
		return zongji.File{}, err
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("X-Visitor", token)
	req.Header.Set("Origin", base)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return zongji.File{}, err
	}
	defer resp.Body.Close()
	var f zongji.File
	if resp.StatusCode != http.StatusOK {
		return f, fmt.Errorf("upload: %s", resp.Status)
	}
	return f, json.NewDecoder(resp.Body).Decode(&f)
}

// Stored asks the product what it has stored of one customer: client id →
// times. It uses the customer's own token, so it sees what the customer sees.
func Stored(ctx context.Context, base, channel, token string, conv int64, into map[string]int) error {
	for after := int64(0); ; {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/c/%s/messages?conv=%d&after=%d", base, channel, conv, after), nil)
		if err != nil {
			return err
		}
		req.Header.Set("X-Visitor", token)
		req.Header.Set("Origin", base)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		var view struct {
			Messages []zongji.VisitorMessage `json:"messages"`
			More     bool                    `json:"more"`
		}
		if resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("look up conversation %d: %s", conv, resp.Status) // no answer is not "not stored"
		} else {
			err = json.NewDecoder(resp.Body).Decode(&view)
		}
		resp.Body.Close()
		if err != nil {
			return err
		}
		for _, m := range view.Messages {
			after = max(after, m.Seq)
			if m.CID != "" {
				into[m.CID]++
			}
		}
		if !view.More || len(view.Messages) == 0 {
			return nil
		}
	}
}
