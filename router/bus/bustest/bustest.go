// Package bustest is the suite that every live side passes: the same tests
// run on memory and on a real Redis.
package bustest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zongji/internal/zongji"
	"zongji/router/bus"
)

const (
	pool  = zongji.MainPool
	value = "1:abc"
	long  = 10 * time.Second // a ceiling that only a hang reaches
)

// Run runs the suite; open returns an empty bus.
func Run(t *testing.T, open func(t *testing.T) *bus.Bus) {
	for _, tt := range []struct {
		name string
		test func(*testing.T, *bus.Bus)
	}{
		{"commands arrive in order, from any position", commands},
		{"a waiting reader wakes at once", wakes},
		{"only the holder of the lease commits", fenced},
		{"a lease is renewed by its holder, ends, and is given back", lease},
		{"one of 100 takers gets an offer", takeOnce},
		{"events arrive in order and at all who tail", tail},
		{"an unknown or trimmed position is gone", gone},
		{"the mirror tells places and depths", mirror},
		{"a reset replaces the mirror and keeps the commands", reset},
		{"a commit trims what is applied and keeps the cursor's position", trim},
		{"a bucket gives its burst, then its rate", bucket},
		{"presence lasts as long as one node beats", presence},
		{"typing reaches who hears", typing},
		{"a reader stops with its ctx", stops},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, open(t)) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s = %v, want %v", what, got, want)
	}
}

func lead(t *testing.T, b *bus.Bus) {
	t.Helper()
	ok, err := b.Lease.Acquire(t.Context(), pool, value, time.Minute)
	if err != nil || !ok {
		t.Fatalf("Acquire = %v, %v", ok, err)
	}
}

func commands(t *testing.T, b *bus.Bus) {
	ctx := t.Context()
	for i := int64(1); i <= 100; i += 4 {
		must(t, b.Pool.Send(ctx, pool, zongji.Command{ID: i}, zongji.Command{ID: i + 1}, zongji.Command{ID: i + 2}, zongji.Command{ID: i + 3}))
	}
	var pos string
	for want := int64(1); want <= 100; {
		got, err := b.Pool.Commands(ctx, pool, pos, 7, 0)
		must(t, err)
		if len(got) == 0 || len(got) > 7 {
			t.Fatalf("%d commands after %q", len(got), pos)
		}
		for _, e := range got {
			equal(t, "command", e.Cmd.ID, want)
			want, pos = want+1, e.Pos
		}
	}
	got, err := b.Pool.Commands(ctx, pool, "", 1000, 0)
	must(t, err)
	equal(t, "from the beginning", len(got), 100)
	got, err = b.Pool.Commands(ctx, pool, pos, 10, 5*time.Millisecond)
	must(t, err)
	equal(t, "after the last", len(got), 0)
}

func wakes(t *testing.T, b *bus.Bus) {
	ctx := t.Context()
	first, err := b.Pool.Commands(ctx, pool, "", 1, 0)
	must(t, err)
	equal(t, "commands", len(first), 0)
	got := make(chan time.Time, 1)
	go func() {
		entries, err := b.Pool.Commands(ctx, pool, "", 10, long)
		if err == nil && len(entries) == 1 {
			got <- time.Now()
		}
		close(got)
	}()
	time.Sleep(20 * time.Millisecond) // lets it wait; right also when it does not yet
	sent := time.Now()
	must(t, b.Pool.Send(ctx, pool, zongji.Command{ID: 1}))
	woke, ok := <-got
	if !ok || woke.Sub(sent) > 200*time.Millisecond {
		t.Fatalf("woke %v after the command, %v", woke.Sub(sent), ok)
	}
}

func fenced(t *testing.T, b *bus.Bus) {
	ctx := t.Context()
	w := []bus.Waiting{{Conv: 1, Queue: 1, Lane: "N|q1", Key: 1}}
	if err := b.Pool.Commit(ctx, pool, bus.Commit{Put: w}); !errors.Is(err, bus.ErrFenced) {
		t.Fatalf("without a lease: %v", err)
	}
	lead(t, b)
	must(t, b.Pool.Commit(ctx, pool, bus.Commit{Lease: value, Put: w}))
	for _, late := range []func(context.Context, string, bus.Commit) error{b.Pool.Commit, b.Pool.Reset} {
		err := late(ctx, pool, bus.Commit{Lease: "0:old", Gone: []int64{1}, Events: []zongji.Live{{Config: "x"}}})
		if !errors.Is(err, bus.ErrFenced) {
			t.Fatalf("an old leader: %v", err)
		}
	}
	s, err := b.Pool.State(ctx, pool)
	must(t, err)
	equal(t, "mirror", s.Waiting, w)
}

func lease(t *testing.T, b *bus.Bus) {
	ctx := t.Context()
	try := func(v string, ttl time.Duration, want bool) {
		t.Helper()
		ok, err := b.Lease.Acquire(ctx, pool, v, ttl)
		must(t, err)
		equal(t, "Acquire "+v, ok, want)
	}
	try("1:a", time.Minute, true)
	try("1:a", time.Minute, true)
	try("1:ab", time.Minute, false)
	must(t, b.Lease.Release(ctx, pool, "1:ab"))
	try("2:b", time.Minute, false)
	must(t, b.Lease.Release(ctx, pool, "1:a"))
	try("2:b", 30*time.Millisecond, true)
	holder, err := b.Lease.Holder(ctx, pool)
	must(t, err)
	equal(t, "Holder", holder, "2:b")
	eventually(t, "the lease ends", func() bool { h, err := b.Lease.Holder(ctx, pool); return err == nil && h == "" })
	try("3:c", time.Minute, true)
}

// eventually waits for what only real time brings.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(long); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, long)
		}
	}
}

func takeOnce(t *testing.T, b *bus.Bus) {
	ctx := t.Context()
	lead(t, b)
	o := zongji.Offer{ID: 7, Conv: 8, Epoch: 9, Agent: 10, Queue: 11, Units: 2, At: 12, Until: 13, Auto: true}
	must(t, b.Pool.Commit(ctx, pool, bus.Commit{Lease: value, Offers: []zongji.Offer{o, {ID: 99}}}))
	var won, failed atomic.Int64
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			got, ok, err := b.Offers.Take(ctx, pool, 7)
			if err != nil || ok && got != o {
				failed.Add(1)
			} else if ok {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	equal(t, "winners, errors", [2]int64{won.Load(), failed.Load()}, [2]int64{1, 0})
	must(t, b.Pool.Commit(ctx, pool, bus.Commit{Lease: value, Ended: []int64{99}}))
	if _, ok, err := b.Offers.Take(ctx, pool, 99); ok || err != nil {
		t.Fatalf("an ended offer was taken: %v, %v", ok, err)
	}
}

func tail(t *testing.T, b *bus.Bus) {
	ctx := t.Context()
	lead(t, b)
	must(t, b.Stream.Publish(ctx, zongji.Live{Config: "before"}))
	evs, start, err := b.Stream.Tail(ctx, "", 10, time.Hour)
	must(t, err)
	equal(t, "events from now on", len(evs), 0)
	const n = 500
	var wg sync.WaitGroup
	for reader := range 3 {
		wg.Go(func() {
			pos := start
			for want := 0; want < n; {
				evs, head, err := b.Stream.Tail(ctx, pos, 100, long)
				if err != nil || len(evs) == 0 || head != evs[len(evs)-1].Pos {
					t.Errorf("reader %d at %d: %d events, %v", reader, want, len(evs), err)
					return
				}
				for _, ev := range evs {
					if ev.Config != fmt.Sprint(want) {
						t.Errorf("reader %d got %s, want %d", reader, ev.Config, want)
						return
					}
					want++
				}
				pos = head
			}
		})
	}
	for i := range n {
		ev := zongji.Live{Config: fmt.Sprint(i)}
		if i%2 == 0 {
			must(t, b.Stream.Publish(ctx, ev))
		} else {
			must(t, b.Pool.Commit(ctx, pool, bus.Commit{Lease: value, Events: []zongji.Live{ev}}))
		}
	}
	wg.Wait()
}

func gone(t *testing.T, b *bus.Bus) {
	ctx := t.Context()
	must(t, b.Stream.Publish(ctx, zongji.Live{Config: "x"}))
	_, head, err := b.Stream.Tail(ctx, "", 1, 0)
	must(t, err)
	for _, pos := range []string{"nonsense", "0000.1", "0000.1-0", head + "9", head[:17] + "999999999999999-0", "."} {
		if _, _, err := b.Stream.Tail(ctx, pos, 1, 0); !errors.Is(err, bus.ErrGone) {
			t.Errorf("Tail(%q): %v", pos, err)
		}
		if _, err := b.Pool.Commands(ctx, pool, pos, 1, 0); !errors.Is(err, bus.ErrGone) {
			t.Errorf("Commands(%q): %v", pos, err)
		}
	}
	batch := make([]zongji.Live, 1000)
	for range 404 { // more than four times what is kept: it is trimmed by pieces
		must(t, b.Stream.Publish(ctx, batch...))
	}
	if _, _, err := b.Stream.Tail(ctx, head, 1, 0); !errors.Is(err, bus.ErrGone) {
		t.Errorf("Tail at a trimmed position: %v", err)
	}
}

func mirror(t *testing.T, b *bus.Bus) {
	ctx := t.Context()
	lead(t, b)
	commit := func(c bus.Commit) {
		t.Helper()
		c.Lease = value
		must(t, b.Pool.Commit(ctx, pool, c))
	}
	place := func(conv int64, want, waiting int) {
		t.Helper()
		p, n, err := b.Pool.Place(ctx, pool, conv)
		must(t, err)
		equal(t, fmt.Sprintf("place of %d", conv), [2]int{p, n}, [2]int{want, waiting})
	}
	commit(bus.Commit{Put: []bus.Waiting{
		{Conv: 9, Queue: 1, Lane: "N|q1", Key: 100}, {Conv: 10, Queue: 1, Lane: "N|q1|x", Key: 100},
		{Conv: 3, Queue: 1, Lane: "N|q1", Key: -50}, {Conv: 4, Queue: 2, Lane: "N|q2", Key: 1}, {Conv: 5, Queue: 1, Lane: "P1|q1", Key: 5000},
	}})
	place(5, 1, 4)
	place(3, 2, 4)
	place(9, 3, 4)
	place(10, 4, 4)
	place(4, 1, 1)
	place(77, 0, 0)
	commit(bus.Commit{Put: []bus.Waiting{{Conv: 10, Queue: 1, Lane: "N|q1|x", Key: -60}, {Conv: 4, Queue: 1, Lane: "N|q1", Key: 7}}, Gone: []int64{5, 77}})
	place(10, 1, 4)
	place(4, 3, 4)
	depths, err := b.Pool.Depths(ctx, pool)
	must(t, err)
	equal(t, "depths", depths, map[int64]int{1: 4})
}

func reset(t *testing.T, b *bus.Bus) {
	ctx := t.Context()
	lead(t, b)
	must(t, b.Pool.Send(ctx, pool, zongji.Command{ID: 5}))
	must(t, b.Pool.Commit(ctx, pool, bus.Commit{
		Lease: value, Put: []bus.Waiting{{Conv: 1, Queue: 1, Lane: "N", Key: 1}}, Offers: []zongji.Offer{{ID: 1}},
	}))
	put := make([]bus.Waiting, 12_000)
	for i := range put {
		put[i] = bus.Waiting{Conv: int64(i + 100), Queue: int64(i%3 + 2), Lane: fmt.Sprint("N|q", i%3+2), Key: int64(i)}
	}
	must(t, b.Pool.Reset(ctx, pool, bus.Commit{Lease: value, Put: put, Offers: []zongji.Offer{{ID: 2}}}))
	s, err := b.Pool.State(ctx, pool)
	must(t, err)
	equal(t, "places", s.Waiting, put)
	equal(t, "offers", s.Offers, []zongji.Offer{{ID: 2}})
	depths, err := b.Pool.Depths(ctx, pool)
	must(t, err)
	equal(t, "depths", depths, map[int64]int{2: 4000, 3: 4000, 4: 4000})
	got, err := b.Pool.Commands(ctx, pool, "", 10, 0)
	must(t, err)
	equal(t, "commands kept", len(got), 1)
	must(t, b.Pool.Reset(ctx, pool, bus.Commit{Lease: value}))
	if s, err = b.Pool.State(ctx, pool); err != nil || len(s.Waiting)+len(s.Offers) > 0 {
		t.Fatalf("after an empty reset: %d places, %d offers, %v", len(s.Waiting), len(s.Offers), err)
	}
}

func trim(t *testing.T, b *bus.Bus) {
	ctx := t.Context()
	lead(t, b)
	batch := make([]zongji.Command, 500)
	for range 10 {
		must(t, b.Pool.Send(ctx, pool, batch...))
	}
	all, err := b.Pool.Commands(ctx, pool, "", 10_000, 0)
	must(t, err)
	equal(t, "sent", len(all), 5000)
	cursor := all[3999].Pos
	must(t, b.Pool.Commit(ctx, pool, bus.Commit{Lease: value, Cursor: cursor}))
	left, err := b.Pool.Commands(ctx, pool, cursor, 10_000, 0)
	must(t, err)
	equal(t, "after the cursor", left, all[4000:])
	if _, err := b.Pool.Commands(ctx, pool, all[0].Pos, 1, 0); !errors.Is(err, bus.ErrGone) {
		t.Errorf("an applied position: %v", err)
	}
	s, err := b.Pool.State(ctx, pool)
	must(t, err)
	equal(t, "cursor", s.Cursor, cursor)
}

func bucket(t *testing.T, b *bus.Bus) {
	ctx := t.Context()
	for range 3 {
		ok, _, err := b.Bucket.Take(ctx, "k", 1, 3, 0.5)
		must(t, err)
		equal(t, "within the burst", ok, true)
	}
	ok, retry, err := b.Bucket.Take(ctx, "k", 1, 3, 0.5)
	must(t, err)
	if ok || retry <= 0 || retry > 2*time.Second {
		t.Fatalf("beyond the burst: %v, retry in %v", ok, retry)
	}
	if ok, _, err = b.Bucket.Take(ctx, "other", 3, 3, 1); !ok || err != nil {
		t.Fatalf("another key: %v, %v", ok, err)
	}
	eventually(t, "it refills", func() bool { ok, _, err := b.Bucket.Take(ctx, "other", 1, 3, 50); return err == nil && ok })
}

func presence(t *testing.T, b *bus.Bus) {
	ctx := t.Context()
	alive := func() map[int64]bool {
		m, err := b.Presence.Alive(ctx)
		must(t, err)
		return m
	}
	must(t, b.Presence.Beat(ctx, 1, "a", time.Minute))
	must(t, b.Presence.Beat(ctx, 1, "b", time.Minute))
	must(t, b.Presence.Beat(ctx, 2, "a", 30*time.Millisecond))
	must(t, b.Presence.Beat(ctx, 3, "a", time.Minute))
	equal(t, "alive", alive()[1] && alive()[3], true)
	must(t, b.Presence.Leave(ctx, 1, "a"))
	must(t, b.Presence.Leave(ctx, 3, "a"))
	eventually(t, "2 vanishes", func() bool { return reflect.DeepEqual(alive(), map[int64]bool{1: true}) })
}

func typing(t *testing.T, b *bus.Bus) {
	ctx, cancel := context.WithCancel(t.Context())
	heard, ended := make(chan bus.TypingNote, 100), make(chan error, 1)
	go func() {
		ended <- b.Typing.Hear(ctx, func(n bus.TypingNote) {
			select {
			case heard <- n:
			default:
			}
		})
	}()
	want := bus.TypingNote{Conv: 1, From: "contact", On: true, Text: "你好"}
	eventually(t, "the note arrives", func() bool {
		must(t, b.Typing.Say(ctx, want))
		select {
		case n := <-heard:
			return n == want
		default:
			return false
		}
	})
	cancel()
	must(t, <-ended)
}

func stops(t *testing.T, b *bus.Bus) {
	ctx, cancel := context.WithCancel(t.Context())
	head, err := b.Stream.Head(ctx)
	must(t, err)
	ended := make(chan error, 1)
	go func() { _, _, err := b.Stream.Tail(ctx, head, 1, time.Hour); ended <- err }()
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("Tail: %v", err)
		}
	case <-time.After(long):
		t.Fatal("Tail went on after its ctx ended")
	}
}
