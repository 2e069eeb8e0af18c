// Package proof breaks a served installation and counts messages at both
// ends: what was acknowledged must stand in SQL once, in order, and must have
// reached the customer's and the agent's screens.
package proof

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"zongji/internal/client"
	"zongji/internal/demo"
	"zongji/internal/zongji"
)

// bin is the binary under test: ZONGJI_BIN, else built once.
var bin = sync.OnceValues(func() (string, error) {
	if b := os.Getenv("ZONGJI_BIN"); b != "" {
		return b, nil
	}
	dir, err := os.MkdirTemp("", "zjbin")
	if err != nil {
		return "", err
	}
	b := filepath.Join(dir, "zongji")
	out, err := exec.Command("go", "build", "-o", b, "zongji/cmd/zongji").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return b, nil
})

// world is an installation with customers who write and agents who answer.
type world struct {
	t        *testing.T
	in       *demo.Installation
	nodes    []*demo.Server
	ledger   *demo.Ledger
	visitors []*client.Visitor
	agents   []*client.Agent
	stop     context.CancelFunc // of the talkers
	talkers  sync.WaitGroup
	screens  sync.WaitGroup
	leave    context.CancelFunc // of the screens
	served   sync.WaitGroup
	down     context.CancelFunc // of the nodes
}

// start serves in on so many nodes and lets people talk.
func start(t *testing.T, in *demo.Installation, nodes, customers int) *world {
	t.Helper()
	b, err := bin()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, in: in, ledger: demo.NewLedger(), nodes: []*demo.Server{in.Server}}
	for i := 1; i < nodes; i++ {
		w.nodes = append(w.nodes, in.Node(fmt.Sprintf("n%d", i+1)))
	}
	ctx := t.Context()
	var nodeCtx, screenCtx, talkCtx context.Context
	nodeCtx, w.down = context.WithCancel(ctx)
	screenCtx, w.leave = context.WithCancel(ctx)
	talkCtx, w.stop = context.WithCancel(ctx)
	for _, n := range w.nodes {
		n.Bin, n.Log = b, slog.New(slog.DiscardHandler)
		w.served.Go(func() {
			if err := n.Run(nodeCtx); err != nil {
				t.Errorf("node: %v", err)
			}
		})
		if err := n.WaitReady(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range in.Seats {
		base, more := w.bases(i)
		rest, err := client.Login(ctx, base, s.Login, s.Password)
		if err != nil {
			t.Fatal(err)
		}
		rest.More = more
		w.agent(screenCtx, talkCtx, rest, s.Login)
	}
	for i := range customers {
		base, more := w.bases(i)
		v := client.NewVisitor(client.VisitorConfig{Base: base, More: more, Channel: in.Channel, Lang: "zh-CN"})
		w.visitors = append(w.visitors, v)
		w.screens.Go(func() {
			if err := v.Run(screenCtx); err != nil {
				t.Errorf("customer %d was sent away: %v", i, err)
			}
		})
		w.talkers.Go(func() { w.talk(talkCtx, v, i) })
	}
	return w
}

func (w *world) bases(i int) (string, []string) {
	var all []string
	for k := range w.nodes {
		all = append(all, w.nodes[(i+k)%len(w.nodes)].Base)
	}
	return all[0], all[1:]
}

// talk is one customer who writes until ctx ends.
func (w *world) talk(ctx context.Context, v *client.Visitor, i int) {
	for n := 0; ctx.Err() == nil; n++ {
		cid := fmt.Sprintf("c-%d-%d", i, n)
		// A message that is under way when the talking ends is still waited
		// for: its acknowledgement must count.
		a, err := v.Send(context.WithoutCancel(ctx), client.Say{CID: cid, Text: "第" + cid + "句"})
		if err != nil {
			w.t.Errorf("%s: %v", cid, err)
			return
		}
		w.ledger.Acked(cid, a)
		rest(ctx, time.Duration(200+rand.IntN(1800))*time.Millisecond)
	}
}

// agent is one desk that answers each message of its customers.
func (w *world) agent(screens, talking context.Context, r *client.REST, login string) {
	work := make(chan zongji.Message, 4096)
	a := client.NewAgent(client.AgentConfig{REST: r, Heard: func(m zongji.Message) {
		select {
		case work <- m:
		default:
		}
	}})
	w.agents = append(w.agents, a)
	w.screens.Go(func() {
		if err := a.Run(screens); err != nil {
			w.t.Errorf("%s was sent away: %v", login, err)
		}
	})
	w.talkers.Go(func() {
		if err := a.State(talking, zongji.AgentReady, ""); err != nil {
			return
		}
		for {
			select {
			case <-talking.Done():
				return
			case m := <-work:
				cid := fmt.Sprintf("r-%d", m.ID)
				out, err := a.Reply(context.WithoutCancel(talking), m.Conv, cid, "收到"+m.Text)
				if client.CodeOf(err) != "" {
					continue // no longer his
				}
				if err != nil {
					w.t.Errorf("%s: %v", cid, err)
					return
				}
				w.ledger.Acked(cid, client.Ack{Conv: out.Conv, Msg: out.ID, Seq: out.Seq})
			}
		}
	})
}

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// settle ends the talking, waits until both ends have everything, and
// compares customers, agents and SQL.
func (w *world) settle() {
	w.t.Helper()
	w.stop()
	w.talkers.Wait()
	db, err := w.in.Open(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	var problems []string
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(500 * time.Millisecond) {
		if problems = w.compare(db); len(problems) == 0 || time.Now().After(deadline) {
			break
		}
	}
	for i, p := range problems {
		if i == 20 {
			w.t.Errorf("… and %d more", len(problems)-20)
			break
		}
		w.t.Error(p)
	}
	w.leave()
	w.screens.Wait()
	w.down()
	w.served.Wait()
	con, err := db.Conservation(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	if !con.OK() {
		w.t.Errorf("not conserved: %+v", con)
	}
}
