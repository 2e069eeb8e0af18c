package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"zongji/internal/store"
	"zongji/internal/testenv"
	"zongji/internal/zongji"
)

// before makes a database as it was at schema 2, with a conversation whose
// answer waits to be sent.
func before(t *testing.T, engine, dsn string) {
	t.Helper()
	driver, dialect, at := "sqlite", goose.DialectSQLite3, "file:"+dsn
	if engine == "postgres" {
		driver, dialect, at = "pgx", goose.DialectPostgres, dsn
	}
	db, err := sql.Open(driver, at)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	dir := t.TempDir()
	for from, to := range map[string]string{"0001_init.sql": "0001_init.sql", "0002_search." + engine + ".sql": "0002_search.sql"} {
		b, err := os.ReadFile(filepath.Join("schema", from))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, to), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	p, err := goose.NewProvider(dialect, db, os.DirFS(dir), goose.WithDisableGlobalRegistry(true))
	if err == nil {
		_, err = p.Up(t.Context())
	}
	for _, text := range []string{
		`INSERT INTO contact (id, name, level, phone, phone_ix, email, email_ix, lang, attrs, note, blocked, verified, created_at, last_at) VALUES (1, '甲', 0, '', '', '', '', '', '', '', 0, 0, 1, 1)`,
		`INSERT INTO contact_identity (channel, ext_ix, ext, contact) VALUES (1, 'amy', 'amy', 1)`,
		`INSERT INTO conversation VALUES (2, 1, 'webchat', 1, 'amy', 'assigned', 3, 2, 5, 7, 0, 0, 2, 2, 1, 0, 0, 0, '', 1, '', '', '', '', 0, 0, '好的', 'agent', 1, 1, 0, 1, 1, 1, 0, 0, '', 1, 0, 0, 0)`,
		`INSERT INTO message VALUES (3, 2, 1, 'contact', 0, '甲', 'text', '在吗', '', '', 1, 'c1', 'stored', '', 1, 'm1')`,
		`INSERT INTO message VALUES (4, 2, 2, 'agent', 5, '安娜', 'text', '好的', '', '', 1, 'a1', 'pending', '', 1, NULL)`,
		`INSERT INTO outbox VALUES (5, 1, 2, 4, 2, 'pending', 0, 0, 0, '', '', 1)`,
		`INSERT INTO channel_account VALUES (1, 'web', '', '{"kind":"webchat","name":"web","settings":{}}')`,
	} {
		if err == nil {
			_, err = db.ExecContext(t.Context(), text)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnInstallationOfBeforeGoesOn(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			dsn := filepath.Join(t.TempDir(), "z.db")
			if engine == "postgres" {
				dsn = testenv.Postgres(t)
			}
			before(t, engine, dsn)
			clock := testenv.NewClock(time.Time{})
			db := open(t, dsn, clock)
			rows, err := db.OutboxClaim(t.Context(), 1, 1, zongji.NowMs(clock), 10)
			if err != nil || len(rows) != 1 || rows[0].Msg.Text != "好的" || rows[0].To.Ext != "amy" || rows[0].Conv.Window != nil {
				t.Fatalf("what waited to be sent: %+v, %v", rows, err)
			}
			if _, err := db.OutboxDone(t.Context(), rows[0].ID, store.SendEnd{State: zongji.StateSent}); err != nil {
				t.Error(err)
			}
			st := save(t, db, inbound("amy", "m2", "还在"))
			if st.Conv.ID != 2 || st.Msg.Seq != 3 || st.Conv.Contact != 1 || st.Conv.Window != nil {
				t.Errorf("goes on as %+v", st.Conv)
			}
			if again := save(t, db, inbound("amy", "m1", "在吗")); !again.Repeat {
				t.Error("a repeat of before is stored twice")
			}
			a, err := db.Channel(t.Context(), 1)
			if err != nil || len(a.Secrets) != 0 || len(a.Have) != 0 {
				t.Errorf("the account: %+v, %v", a, err)
			}
		})
	}
}
