package proof

import (
	"fmt"

	"zongji/internal/store"
	"zongji/internal/zongji"
)

// compare returns what is wrong between the acknowledged messages, SQL and
// the screens at both ends.
func (w *world) compare(db *store.DB) (problems []string) {
	ctx := w.t.Context()
	bad := func(format string, a ...any) { problems = append(problems, fmt.Sprintf(format, a...)) }
	sql := map[int64][]zongji.Message{} // by conversation, in order
	times := map[string]int{}
	load := func(conv int64) []zongji.Message {
		if ms, ok := sql[conv]; ok {
			return ms
		}
		var all []zongji.Message
		for after := int64(0); ; {
			ms, err := db.Messages(ctx, conv, after, 0, 200)
			if err != nil {
				bad("conversation %d: %v", conv, err)
				break
			}
			if len(ms) == 0 {
				break
			}
			all = append(all, ms...)
			after = ms[len(ms)-1].Seq
		}
		for _, m := range all {
			if m.CID != "" {
				times[m.CID]++
			}
		}
		sql[conv] = all
		return all
	}
	for cid, a := range w.ledger.Acks() {
		load(a.Conv)
		if n := times[cid]; n != 1 {
			bad("%s was acknowledged and stands in SQL %d times", cid, n)
		}
	}
	for i, v := range w.visitors {
		last := map[int64]int64{}
		seen := map[int64]map[int64]bool{}
		for _, m := range v.Messages() {
			if m.Seq <= last[m.Conv] {
				bad("customer %d saw seq %d of %d after %d", i, m.Seq, m.Conv, last[m.Conv])
			}
			last[m.Conv] = m.Seq
			if seen[m.Conv] == nil {
				seen[m.Conv] = map[int64]bool{}
			}
			seen[m.Conv][m.Seq] = true
		}
		for conv := range seen {
			for _, m := range load(conv) {
				if m.From != zongji.FromNote && !seen[conv][m.Seq] {
					bad("customer %d misses seq %d (%s) of %d", i, m.Seq, m.From, conv)
				}
			}
		}
	}
	for i, a := range w.agents {
		for conv, c := range a.Convs() {
			if c.Row.Owner != a.Me().User {
				continue // left his scope
			}
			have := len(c.Messages)
			all := load(conv)
			if have != len(all) {
				bad("agent %d has %d of the %d messages of %d", i, have, len(all), conv)
			}
		}
	}
	return problems
}
