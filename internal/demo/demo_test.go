package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zongji/internal/client"
	"zongji/internal/packs"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
)

func TestParseNamesMistakes(t *testing.T) {
	good := `{"id":"a","steps":[{"say":"你好"}]}`
	for _, tt := range []struct{ name, text, want string }{
		{"no JSON", good + "\n{", "line 2: "},
		{"an unknown field", `{"id":"a","stpes":[]}`, `line 1: json: unknown field "stpes"`},
		{"no steps", "# a remark\n\n" + `{"id":"a","steps":[]}`, "line 3: a customer needs id and steps"},
		{"an id twice", good + "\n" + good, `line 2: id "a" stands in line 1 too`},
		{"two things in one step", `{"id":"a","steps":[{"say":"x"},{"say":"x","rate":5}]}`, "line 1: step 2: want exactly one of"},
		{"nothing in a step", `{"id":"a","steps":[{"after_ms":5}]}`, "line 1: step 1: want exactly one of"},
		{"a pause below zero", `{"id":"a","steps":[{"say":"x","after_ms":-1}]}`, "line 1: step 1: after_ms is -1"},
		{"six stars", `{"id":"a","steps":[{"rate":6}]}`, "line 1: step 1: rate is 6"},
		{"another file", `{"id":"a","steps":[{"file":"video"}]}`, `line 1: step 1: file is "video"`},
		{"waiting for rain", `{"id":"a","steps":[{"wait_for":"rain"}]}`, `line 1: step 1: wait_for is "rain"`},
	} {
		if _, err := Parse(strings.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	pack, err := Sample()
	if err != nil {
		t.Fatal(err)
	}
	if all, err := Recorded(pack); err != nil || len(all) < 20 {
		t.Errorf("the pack's own customers: %d, %v", len(all), err)
	}
}

func TestHistoryIsTheSameEveryDay(t *testing.T) {
	clock := testenv.NewClock(time.Date(2026, 3, 4, 15, 0, 0, 0, time.UTC))
	db := testenv.SQLite(t, clock)
	pack, err := Sample()
	if err != nil {
		t.Fatal(err)
	}
	if err := pack.Load(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	h := newHistory(db, clock, slog.New(slog.DiscardHandler), false)
	seen := func() (string, int) {
		days, err := h.past(t.Context(), midnight(clock.Now()))
		if err != nil {
			t.Fatal(err)
		}
		n, end := 0, midnight(clock.Now())
		var b bytes.Buffer
		for _, day := range days {
			n += len(day)
			for _, c := range day {
				for _, m := range c.Messages {
					if !m.At.Time().Before(end) {
						t.Fatalf("a message of the past is at %v", m.At.Time())
					}
					_ = json.NewEncoder(&b).Encode([]any{c.Contact.Name, m.From, m.Text, m.Author, m.At.Time().Sub(end)})
				}
			}
		}
		return b.String(), n
	}
	first, n := seen()
	if n < 2700 || n > 3300 {
		t.Errorf("%d conversations, want about 3,000", n)
	}
	if again, _ := seen(); again != first {
		t.Error("the same day has another past the second time")
	}
	clock.Move(7 * 24 * time.Hour)
	if later, m := seen(); m != n || later != first {
		t.Errorf("a week later the past differs: %d and %d conversations", n, m)
	}
}

func TestHistoryIsLoadedShownAndRemoved(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 3,000 conversations")
	}
	clock := testenv.NewClock(time.Now())
	db := testenv.SQLite(t, clock)
	pack, err := Sample()
	if err != nil {
		t.Fatal(err)
	}
	if err := pack.Load(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	h := newHistory(db, clock, slog.New(slog.DiscardHandler), false)
	if err := h.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := h.State()
	if !s.Loaded || s.Running || s.Done != s.Total {
		t.Fatalf("loaded: %+v", s)
	}
	if c, err := db.Conservation(t.Context()); err != nil || !c.OK() || int(c.Conversations) != s.Total {
		t.Fatalf("conserved: %+v %v, want %d conversations", c, err, s.Total)
	}
	noon := time.Date(clock.Now().Year(), clock.Now().Month(), clock.Now().Day()-1, 0, 0, 0, 0, time.FixedZone("", 8*3600))
	yesterday, err := db.Wall(t.Context(), zongji.MsOf(noon), zongji.MsOf(noon.Add(24*time.Hour)))
	if d := yesterday.Today; err != nil || d.Arrived < 60 || d.HandedOver == 0 || d.Taken == 0 || d.Taken > d.HandedOver || d.Stars < 3.5 || d.WaitP50 == 0 {
		t.Errorf("yesterday on the wall: %+v %v", d, err)
	}
	if err := h.remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c, err := db.Conservation(t.Context()); err != nil || !c.OK() || c.Conversations != 0 || c.Messages != 0 {
		t.Errorf("left after the removal: %+v %v", c, err)
	}
	if s := h.State(); !s.Removed || s.Loaded {
		t.Errorf("removed: %+v", s)
	}
}

func TestHistoryCutOffGoesOnAndWritesNothingTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 3,000 conversations")
	}
	clock := testenv.NewClock(time.Now())
	db := testenv.SQLite(t, clock)
	pack, err := Sample()
	if err != nil {
		t.Fatal(err)
	}
	if err := pack.Load(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	process := func() (*history, func()) {
		ctx, kill := context.WithCancel(t.Context())
		h, gone := newHistory(db, clock, slog.New(slog.DiscardHandler), true), make(chan error, 1)
		go func() { gone <- h.Run(ctx) }()
		return h, func() {
			kill()
			if err := <-gone; err != nil {
				t.Fatal(err)
			}
		}
	}
	until := func(what string, ok func(HistoryState) bool) (s HistoryState) {
		for range 6000 {
			if text, err := db.Setting(t.Context(), historySetting); err == nil && json.Unmarshal([]byte(text), &s) == nil && ok(s) {
				return s
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("not %s: %+v", what, s)
		return s
	}
	stored := func() int {
		c, err := db.Conservation(t.Context())
		if err != nil || !c.OK() {
			t.Fatalf("conserved: %+v %v", c, err)
		}
		return int(c.Conversations)
	}
	for _, done := range []int{20, 130, 410} { // within a day, not at its end
		_, kill := process()
		until("so far", func(s HistoryState) bool { return s.Done >= done })
		kill()
		if s := until("cut off", func(HistoryState) bool { return true }); s.Done != stored() || s.Loaded {
			t.Fatalf("cut off after %d: %d are stored, the state is %+v", done, stored(), s)
		}
		clock.Move(24 * time.Hour) // it is continued on another day
	}
	_, kill := process()
	s := until("loaded", func(s HistoryState) bool { return s.Loaded })
	if s.Done != s.Total || stored() != s.Total {
		t.Errorf("%d are stored, the state is %+v", stored(), s)
	}
	kill()

	if err := db.PutSetting(t.Context(), historySetting, HistoryState{Running: true, Removed: true}.text()); err != nil {
		t.Fatal(err)
	}
	_, kill = process() // killed while it removed
	until("removed", func(s HistoryState) bool { return s.Removed && !s.Running })
	kill()
	if n := stored(); n != 0 {
		t.Errorf("%d are left", n)
	}
}

func TestTableColumnsAreEvenOnTheScreen(t *testing.T) {
	var b strings.Builder
	table(&b, [][]any{{"customer", "said", "agent", "wait s", "end"}, {"王阿姨", 12, "陈晓雨", 3.25, "解决"}, {"bob", 1, "", 100.0, "left"}})
	want := `customer  said  agent   wait s  end
王阿姨      12  陈晓雨     3.2  解决
bob          1           100.0  left
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// binary builds the product once.
var binary = sync.OnceValues(func() (string, error) {
	bin := filepath.Join(binDir, "zongji")
	out, err := exec.Command("go", "build", "-o", bin, "zongji/cmd/zongji").CombinedOutput()
	if err != nil {
		return string(out), err
	}
	return bin, nil
})

func serve(t *testing.T, d Department) *Installation {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(bin, err)
	}
	in, err := Prepare(t.Context(), t.TempDir(), []string{"ZONGJI_BUS=memory"}, d)
	if err != nil {
		t.Fatal(err)
	}
	in.Server.Bin = bin
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- in.Server.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	ready, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := in.Server.WaitReady(ready); err != nil {
		t.Fatal(err)
	}
	return in
}

func TestScriptedAgentStandsBack(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and serves")
	}
	d := Plain(1, 9)
	d.Queue.AutoAccept = false
	in := serve(t, d)
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	crew := &Crew{Base: in.Base, Lines: packs.Agents{Greeting: []string{"您好"}}, Log: slog.New(slog.DiscardHandler)}
	all.Go(func() { crew.Run(ctx, in.Seats) })

	// ask lets a customer write and reports when an agent has answered him.
	ask := func(name string) <-chan struct{} {
		answered := make(chan struct{})
		var once sync.Once
		v := client.NewVisitor(client.VisitorConfig{Base: in.Base, Channel: in.Channel, Heard: func(m zongji.VisitorMessage) {
			if m.From == zongji.FromAgent {
				once.Do(func() { close(answered) })
			}
		}})
		all.Go(func() { _ = v.Run(ctx) })
		if _, err := v.Send(ctx, client.Say{CID: name, Text: "在吗"}); err != nil {
			t.Fatal(err)
		}
		return answered
	}
	served := func(answered <-chan struct{}, what string) {
		t.Helper()
		select {
		case <-answered:
		case <-time.After(30 * time.Second):
			t.Fatal(what)
		}
	}
	served(ask("c1"), "the scripted agent does not serve")

	rest, err := client.Login(ctx, in.Base, in.Seats[0].Login, in.Seats[0].Password)
	if err != nil {
		t.Fatal(err)
	}
	sat := make(chan struct{})
	offered := make(chan zongji.Offer, 8)
	var once sync.Once
	person := client.NewAgent(client.AgentConfig{REST: rest, Offered: func(o zongji.Offer) { offered <- o }, Seats: func(n int) {
		if n == 2 {
			once.Do(func() { close(sat) })
		}
	}})
	sitting, leave := context.WithCancel(ctx)
	all.Go(func() { _ = person.Run(sitting) })
	served(sat, "two screens of one agent do not know of each other")
	waiting := ask("c2")
	select {
	case <-offered:
	case <-time.After(20 * time.Second):
		t.Fatal("the person gets no offer")
	}
	select {
	case <-waiting:
		t.Fatal("the script answers although a person sits there")
	case <-time.After(acceptWithin + 2*time.Second): // a script would have accepted
	}
	leave()
	served(ask("c3"), "the script does not come back")
}

func TestSmallDayIsConserved(t *testing.T) {
	if testing.Short() {
		t.Skip("a day of 20 s")
	}
	bin, err := binary()
	if err != nil {
		t.Fatal(bin, err)
	}
	var out, export bytes.Buffer
	err = Day(t.Context(), DayConfig{Seed: 3, Length: 20 * time.Second, Customers: 60, Agents: 6, Bin: bin, Export: &export, Progress: &bytes.Buffer{}, Out: &out})
	t.Log(strings.TrimSpace(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	sides := map[string]int{}
	for dec := json.NewDecoder(&export); dec.More(); {
		var l line
		if err := dec.Decode(&l); err != nil {
			t.Fatal(err)
		}
		sides[l.Side]++
	}
	if sides["customer"] < 200 || sides["agent"] < 20 || sides["sql"] < 200 {
		t.Errorf("exported %v, want all three sides", sides)
	}
}

var binDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "zjdemo")
	if err != nil {
		panic(err)
	}
	binDir = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}
