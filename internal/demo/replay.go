package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"
)

// ReplayConfig says where and how recorded customers play.
type ReplayConfig struct {
	Base     string
	Channel  string
	Speed    float64
	JSON     bool
	Out      io.Writer // what happened to each
	Progress io.Writer // a bar
}

// Replay plays customers, arriving 1.5 s apart at speed 1, tells what
// happened to each, and fails when an acknowledged message is not stored
// exactly once.
func Replay(ctx context.Context, cfg ReplayConfig, customers []Customer) error {
	if cfg.Speed <= 0 {
		return fmt.Errorf("speed is %v; want more than 0", cfg.Speed)
	}
	ledger := NewLedger()
	p := &Player{Base: cfg.Base, Channel: cfg.Channel, Speed: cfg.Speed, Ledger: ledger, Run: fmt.Sprintf("y%d", time.Now().UnixMilli())}
	outcomes, trails := make([]Outcome, len(customers)), make([]Trail, len(customers))
	var all sync.WaitGroup
	progress := &bar{w: cfg.Progress, total: len(customers)}
	for i, c := range customers {
		all.Go(func() {
			outcomes[i], trails[i] = p.Play(ctx, c)
			progress.step()
		})
		if !p.rest(ctx, 1500*time.Millisecond) {
			break
		}
	}
	all.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	fmt.Fprintln(cfg.Progress)
	for _, t := range trails {
		if err := look(ctx, ledger, cfg.Base, cfg.Channel, t); err != nil {
			return err
		}
	}
	c := ledger.Counters()
	if cfg.JSON {
		return json.NewEncoder(cfg.Out).Encode(map[string]any{"customers": outcomes, "counters": c})
	}
	rows := [][]any{{"customer", "said", "bot", "agent", "bot ms", "wait s", "stars", "end", ""}}
	for _, o := range outcomes {
		rows = append(rows, []any{o.Customer, o.Said, o.Bot, o.Agent, o.FirstBot.Milliseconds(), o.Wait.Seconds(), o.Stars, o.End, o.Err})
	}
	table(cfg.Out, rows)
	fmt.Fprintf(cfg.Out, "acknowledged %d, lost %d, doubled %d\n", c.Acked, c.Lost, c.Doubled)
	return conserved(c)
}

func conserved(c Counters) error {
	if c.Lost+c.Doubled > 0 {
		return fmt.Errorf("%d acknowledged messages are lost, %d doubled", c.Lost, c.Doubled)
	}
	return nil
}

// look asks the product what it stored of one customer and books it.
func look(ctx context.Context, l *Ledger, base, channel string, t Trail) error {
	stored, convs, cids := map[string]int{}, map[int64]bool{}, []string{}
	for cid, a := range t.Acks {
		convs[a.Conv] = true
		cids = append(cids, cid)
	}
	for conv := range convs {
		if err := Stored(ctx, base, channel, t.Token, conv, stored); err != nil {
			return err
		}
	}
	l.Looked(cids, stored)
	return nil
}

// table writes rows below their head. A column is as wide as its widest cell
// on the screen, where a Chinese character takes two places; numbers stand
// right.
func table(w io.Writer, rows [][]any) {
	cells, width := make([][]string, len(rows)), make([]int, len(rows[0]))
	for i, row := range rows {
		for j, v := range row {
			text := fmt.Sprint(v)
			if s, ok := v.(float64); ok {
				text = fmt.Sprintf("%.1f", s)
			}
			cells[i] = append(cells[i], text)
			width[j] = max(width[j], runewidth.StringWidth(text))
		}
	}
	last := rows[len(rows)-1]
	for _, row := range cells {
		for j, text := range row {
			fill := runewidth.FillLeft
			if _, word := last[j].(string); word {
				fill = runewidth.FillRight
			}
			row[j] = fill(text, width[j])
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join(row, "  "), " "))
	}
}

// bar is a progress bar in one line, moved by many customers.
type bar struct {
	w     io.Writer
	total int

	mu   sync.Mutex
	done int
}

// step moves the bar by one.
func (b *bar) step() {
	const width = 30
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done++
	n := b.done * width / max(b.total, 1)
	fmt.Fprintf(b.w, "\r[%s%s] %d/%d ", strings.Repeat("█", n), strings.Repeat("·", width-n), b.done, b.total)
}
