package packs_test

import (
	"context"
	"path/filepath"
	"reflect"
	"testing"

	"zongji/internal/packs"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

var _ packs.Store = (*store.DB)(nil)

func TestLoadingAgainKeepsWhatPeopleEdited(t *testing.T) {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{DSN: filepath.Join(t.TempDir(), "p.db"), Clock: zongji.Wall{}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p := read(t)
	if err := p.Load(ctx, db); err != nil {
		t.Fatal(err)
	}
	faqs, err := db.FAQs(ctx)
	if err != nil || len(faqs) != 35 {
		t.Fatalf("%d entries, %v", len(faqs), err)
	}
	queues, err := db.Queues(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range queues {
		if q.Team == 0 || q.Key != "reception" && q.Fallback == 0 {
			t.Errorf("queue %+v", q)
		}
	}
	edited := faqs[3]
	edited.Answer = "改过的答案"
	if _, err := db.PutFAQs(ctx, []zongji.FAQ{edited}); err != nil {
		t.Fatal(err)
	}
	for i := range p.FAQs { // a newer version of the pack
		if p.FAQs[i].ID != edited.Key {
			p.FAQs[i].Answer += "（新）"
			break
		}
	}
	before, _, err := db.Rules(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Load(ctx, db); err != nil {
		t.Fatal(err)
	}
	again, err := db.FAQs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	news := 0
	for i, f := range again {
		switch {
		case f.Key == edited.Key && f.Answer != edited.Answer:
			t.Errorf("the edit is lost: %s", f.Answer)
		case f.Key != edited.Key && f.Answer != faqs[i].Answer:
			news++
		}
		if !reflect.DeepEqual(f.Similar, faqs[i].Similar) {
			t.Errorf("%s changed", f.Key)
		}
	}
	if after, _, _ := db.Rules(ctx); news != 1 || len(again) != 35 || after != before {
		t.Errorf("%d new texts, %d entries, rules %d then %d", news, len(again), before, after)
	}
	users, err := db.Users(ctx)
	if err != nil || len(users) != len(p.Users) {
		t.Errorf("%d users, %v", len(users), err)
	}
}
