package demo

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"zongji/internal/auth"
	"zongji/internal/secret"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

// Department is what an installation is prepared with.
type Department struct {
	Queue   zongji.Queue
	Teams   int // that the users are spread over; the queue is everybody's
	Users   []zongji.User
	Channel zongji.ChannelAccount
}

// Plain is a department for benches and proofs: one queue that assigns at
// once, no bot, and so many agents with so many units in teams of five.
func Plain(agents, capacity int) Department {
	d := Department{
		Teams:   max(1, agents/5),
		Queue:   zongji.Queue{Key: "main", Name: "在线客服", Calendar: "7x24", OfferS: 30, AutoAccept: true, MaxOffers: 20, ReopenS: 1800, WrapupS: 60, FirstS: 60, Units: 1, LostS: 600},
		Channel: zongji.ChannelAccount{Kind: "webchat", Name: "bench", Key: "bench", Bot: false, Settings: map[string]string{}},
	}
	for i := range agents {
		d.Users = append(d.Users, zongji.User{Login: fmt.Sprintf("agent%d", i+1), Name: fmt.Sprintf("坐席%d", i+1), Role: zongji.RoleAgent, Capacity: capacity, Demo: true})
	}
	return d
}

// Installation is a prepared folder and how to serve it.
type Installation struct {
	Dir     string
	Base    string
	Channel string
	Seats   []Seat
	Server  *Server
	env     []string
	debug   string // address of the first node's profiles
}

// Prepare fills an empty installation and returns it, not yet served. env
// says where it lives (ZONGJI_DB …); what is missing there lies in dir.
func Prepare(ctx context.Context, dir string, env []string, d Department) (*Installation, error) {
	in := &Installation{Dir: dir, Channel: d.Channel.Key, env: env}
	db, err := in.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if err := in.fill(ctx, db, d); err != nil {
		return nil, err
	}
	in.Serve()
	return in, nil
}

// Node returns one more node of the same installation, on a port of its own.
func (in *Installation) Node(name string) *Server {
	addr := freePort()
	return &Server{Base: "http://" + addr, Output: in.LogFile(), Log: slog.New(slog.DiscardHandler),
		Env: append([]string{"ZONGJI_DATA=" + in.Dir, "ZONGJI_LISTEN=" + addr, "ZONGJI_NODE=" + name, "ZONGJI_LIMITS_LOOPBACK=false", "ZONGJI_SECRET=" + scratchSecret, "ZONGJI_BLOB_SHARED=true"}, in.env...)}
}

// Serve makes the first node.
func (in *Installation) Serve() {
	in.Server, in.debug = in.Node("n1"), freePort()
	in.Server.Env = append(in.Server.Env, "ZONGJI_DEBUG="+in.debug)
	in.Base = in.Server.Base
}

// scratchSecret seals the made-up people of benches and proofs.
const scratchSecret = "a scratch installation, thrown away"

func (in *Installation) dsn() string {
	for _, e := range in.env {
		if v, ok := strings.CutPrefix(e, "ZONGJI_DB="); ok {
			return v
		}
	}
	return filepath.Join(in.Dir, "zongji.db")
}

func (in *Installation) Open(ctx context.Context) (*store.DB, error) {
	sealer, err := secret.New(scratchSecret)
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, store.Config{DSN: in.dsn(), Sealer: sealer})
}

func (in *Installation) fill(ctx context.Context, db *store.DB, d Department) error {
	var teams []zongji.Team
	for i := range d.Teams {
		t, err := db.PutTeam(ctx, zongji.Team{Key: fmt.Sprintf("team%d", i+1), Name: fmt.Sprintf("客服%d组", i+1)})
		if err != nil {
			return err
		}
		teams = append(teams, t)
	}
	queue, err := db.PutQueue(ctx, d.Queue)
	if err != nil {
		return err
	}
	d.Channel.Queue = queue.ID
	if _, err := db.PutChannel(ctx, d.Channel); err != nil {
		return err
	}
	hash := auth.Hash("scratch-password")
	for i, u := range d.Users {
		u.Team = teams[i%len(teams)].ID
		if u, err = db.PutUser(ctx, u); err != nil {
			return err
		}
		if err := db.SetPassword(ctx, u.ID, hash); err != nil {
			return err
		}
		in.Seats = append(in.Seats, Seat{u.Login, "scratch-password"})
	}
	return nil
}

// LogFile appends to the installation's log.
func (in *Installation) LogFile() io.Writer {
	f, err := os.OpenFile(filepath.Join(in.Dir, "serve.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return io.Discard
	}
	return f
}

func freePort() string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err) // no loopback: nothing here can run
	}
	defer ln.Close()
	return ln.Addr().String()
}

// Figures is what a node says of itself.
type Figures struct {
	Statements int64 // SQL statements since its start
	Memory     int64 // bytes of heap and stacks in use, after a garbage collection
	Store, Bus string
}

// Figures reads the first node's metrics; zeros where it does not answer.
func (in *Installation) Figures(ctx context.Context) Figures {
	in.collect(ctx)
	f := Figures{Store: "sqlite", Bus: "memory"}
	if strings.HasPrefix(in.dsn(), "postgres") {
		f.Store = "postgres"
	}
	for _, e := range in.env {
		if strings.HasPrefix(e, "ZONGJI_REDIS_URL=") {
			f.Bus = "redis"
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, in.Base+"/metrics", nil)
	if err != nil {
		return f
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return f
	}
	defer resp.Body.Close()
	for sc := bufio.NewScanner(resp.Body); sc.Scan(); {
		name, v, _ := strings.Cut(sc.Text(), " ")
		n, _ := strconv.ParseFloat(v, 64) // a metric is a number
		switch name {
		case "zongji_store_statements_total":
			f.Statements = int64(n)
		case "go_memstats_heap_inuse_bytes", "go_memstats_stack_inuse_bytes":
			f.Memory += int64(n)
		}
	}
	return f
}

// collect makes the first node collect its garbage.
func (in *Installation) collect(ctx context.Context) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+in.debug+"/debug/pprof/heap?gc=1", nil)
	if err != nil {
		return
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body) // only its side effect counts
		resp.Body.Close()
	}
}

// StoredCIDs counts, from SQL, how often each client id is stored.
func (in *Installation) StoredCIDs(ctx context.Context) (map[string]int, error) {
	db, err := in.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return db.CIDs(ctx)
}
