// Package store keeps what must survive: SQLite by default, PostgreSQL when
// the DSN says so. It is the only package that speaks SQL, and each promise
// that nothing is lost ends in one of its transactions.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/prometheus/client_golang/prometheus"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"zongji/internal/secret"
	"zongji/internal/zongji"
)

const (
	nodeLife = 60 * time.Second // how long a node number stays taken without a sign of life
	nodeKeep = 15 * time.Second // how often it is renewed
	poolSize = 16               // PostgreSQL connections of one process
	readers  = 4                // SQLite connections beside the writer's
)

// Config of a DB.
type Config struct {
	Node   string         // this process's name, shown to admins
	DSN    string         // "postgres://…", else the path of a SQLite file
	Clock  zongji.Clock   // nil: the real one
	Log    *slog.Logger   // nil: silent
	Sealer *secret.Sealer // nil: nothing is sealed (tests)
	Reg    prometheus.Registerer
}

// DB is the database. Its methods are safe for concurrent use. Errors of kind
// Busy mean that nothing was written and the caller may try again.
type DB struct {
	cfg    Config
	engine string // "sqlite" | "postgres"
	pool   *sql.DB
	q      queries
	all    []*stmt
	ids    *zongji.IDs
	node   int
	holder string
	count  atomic.Int64
	m      metrics

	conn  *sql.Conn // SQLite: the writer's
	wdb   *sql.DB
	marks savepoints
	units chan *unit
	stop  chan struct{}
	ended chan struct{} // the writer has ended
	tasks sync.WaitGroup
}

type metrics struct {
	batch prometheus.Histogram
	took  prometheus.Histogram
}

// Info tells about the database, for the system card.
type Info struct {
	Kind    string `json:"kind"` // sqlite | postgres
	Version string `json:"version"`
	Schema  int    `json:"schema"`
	Path    string `json:"path"` // the file, or host and database; no password
	Bytes   int64  `json:"bytes"`
}

// Open opens the database, brings its schema up to date, prepares every
// statement and takes a node number. It fails when the database was sealed
// with another secret.
func Open(ctx context.Context, cfg Config) (_ *DB, err error) {
	if cfg.Clock == nil {
		cfg.Clock = zongji.Wall{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	db := &DB{cfg: cfg, engine: "sqlite", holder: cfg.Node + "/" + rand.Text(), stop: make(chan struct{}), ended: make(chan struct{})}
	db.m = newMetrics(cfg.Reg, &db.count)
	if strings.HasPrefix(cfg.DSN, "postgres://") || strings.HasPrefix(cfg.DSN, "postgresql://") {
		db.engine = "postgres"
	}
	if db.all, err = load(&db.q, db.engine); err != nil {
		return nil, fmt.Errorf("queries: %w", err)
	}
	defer func() {
		if err != nil {
			_ = db.Close()
		}
	}()
	if err := db.connect(ctx); err != nil {
		return nil, err
	}
	if err := db.checkSecret(ctx); err != nil {
		return nil, err
	}
	return db, db.takeNode(ctx)
}

func newMetrics(reg prometheus.Registerer, statements *atomic.Int64) metrics {
	m := metrics{
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "zongji_store_batch_units", Help: "Units of work committed together.", Buckets: prometheus.ExponentialBuckets(1, 2, 9)}),
		took:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: "zongji_store_write_seconds", Help: "From asking for a write to its commit.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}),
	}
	if reg != nil {
		reg.MustRegister(m.batch, m.took, prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "zongji_store_statements_total", Help: "SQL statements run."},
			func() float64 { return float64(statements.Load()) }))
	}
	return m
}

// connect opens the pools, migrates and prepares.
func (db *DB) connect(ctx context.Context) (err error) {
	if db.engine == "postgres" {
		return db.connectPostgres(ctx)
	}
	const common = "&_pragma=busy_timeout(5000)&_pragma=cache_size(-16000)&_pragma=temp_store(memory)"
	file := "file:" + (&url.URL{Path: db.cfg.DSN}).EscapedPath()
	if db.wdb, err = sql.Open("sqlite", file+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=wal_autocheckpoint(4000)"+common); err != nil {
		return err
	}
	db.wdb.SetMaxOpenConns(1)
	if err := db.migrate(ctx, db.wdb); err != nil {
		return fmt.Errorf("%s: %w", db.cfg.DSN, err)
	}
	if db.conn, err = db.wdb.Conn(ctx); err != nil {
		return err
	}
	if db.pool, err = sql.Open("sqlite", file+"?_pragma=query_only(1)"+common); err != nil {
		return err
	}
	db.pool.SetMaxOpenConns(readers)
	db.pool.SetMaxIdleConns(readers)
	for _, s := range db.all {
		if s.w, err = db.conn.PrepareContext(ctx, s.text); err != nil {
			return fmt.Errorf("query %s: %w", s.name, err)
		}
		if s.r, err = db.pool.PrepareContext(ctx, s.text); err != nil {
			return fmt.Errorf("query %s: %w", s.name, err)
		}
	}
	db.units = make(chan *unit, maxBatch)
	if err := db.marks.prepare(ctx, db.conn); err != nil {
		return err
	}
	db.tasks.Go(db.writer)
	return nil
}

func (db *DB) connectPostgres(ctx context.Context) (err error) {
	if db.pool, err = sql.Open("pgx", db.cfg.DSN); err != nil {
		return errors.New("the DSN of PostgreSQL cannot be read") // the driver's error may show the password
	}
	db.pool.SetMaxOpenConns(poolSize)
	db.pool.SetMaxIdleConns(poolSize)
	if err := db.migrate(ctx, db.pool); err != nil {
		return err
	}
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, s := range db.all {
		ps, err := conn.PrepareContext(ctx, s.text)
		if err != nil {
			return fmt.Errorf("query %s: %w", s.name, err)
		}
		_ = ps.Close() // it was only checked; pgx caches the ones that are used
	}
	return nil
}

func (db *DB) migrate(ctx context.Context, to *sql.DB) error {
	sub := engineFS{FS: schemaDir(), other: ".postgres.sql"}
	dialect, opts := goose.DialectSQLite3, []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if db.engine == "postgres" {
		sub.other, dialect = ".sqlite.sql", goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, to, sub, opts...)
	if err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	return nil
}

// checkSecret compares the configured secret with the one that sealed this
// database first.
func (db *DB) checkSecret(ctx context.Context) error {
	const key = "secret.check"
	var have string
	err := db.write(ctx, func(u run) error {
		if _, err := u.exec(db.q.SettingFirst, key, db.cfg.Sealer.Check()); err != nil {
			return err
		}
		return u.one(db.q.SettingByKey, []any{key}, &have)
	})
	if err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	if have != db.cfg.Sealer.Check() {
		return errors.New("this database was sealed with another secret: set ZONGJI_SECRET to the one it was made with")
	}
	return nil
}

// takeNode takes a free node number and keeps it until Close.
func (db *DB) takeNode(ctx context.Context) error {
	type row struct {
		n     int
		until zongji.Ms
	}
	err := db.write(ctx, func(u run) error {
		used, err := list(u, db.q.NodeAll, nil, func(s scan) (r row, err error) {
			var holder string
			return r, s(&r.n, &holder, &r.until)
		})
		if err != nil {
			return err
		}
		ends := map[int]zongji.Ms{}
		for _, r := range used {
			ends[r.n] = r.until
		}
		now := zongji.NowMs(db.cfg.Clock)
		for n := range zongji.MaxNode + 1 {
			if ends[n] > now {
				continue
			}
			if took, err := u.exec(db.q.NodeTake, n, db.holder, now, now.Add(nodeLife)); err != nil {
				return err
			} else if took == 1 {
				db.node, db.ids = n, zongji.NewIDs(db.cfg.Clock, n, ends[n])
				return nil
			}
		}
		return fmt.Errorf("all %d node numbers are in use", zongji.MaxNode+1)
	})
	if err != nil {
		return fmt.Errorf("node number: %w", err)
	}
	db.tasks.Go(db.keepNode)
	return nil
}

// Node is a process that writes to this database.
type Node struct {
	N    int       `json:"n"` // its number, in the ids it makes
	Name string    `json:"name"`
	Self bool      `json:"self"`
	Seen zongji.Ms `json:"seen_at"` // its last sign of life; one comes every 15 s
}

// Nodes returns the processes that live, and those killed less than a minute
// ago.
func (db *DB) Nodes(ctx context.Context) ([]Node, error) {
	nodes, err := list(db.read(ctx), db.q.NodeAll, nil, func(s scan) (n Node, err error) {
		var holder string
		var until zongji.Ms
		err = s(&n.N, &holder, &until)
		n.Self, n.Seen = holder == db.holder, until.Add(-nodeLife)
		n.Name, _, _ = strings.Cut(holder, "/")
		return n, err
	})
	dead := zongji.NowMs(db.cfg.Clock).Add(-nodeLife)
	return slices.DeleteFunc(nodes, func(n Node) bool { return n.Seen <= dead }), err
}

// keepNode renews the node number until Close.
func (db *DB) keepNode() {
	for {
		c, stop := db.cfg.Clock.Timer(nodeKeep)
		select {
		case <-db.stop:
			stop()
			return
		case <-c:
		}
		ctx, cancel := context.WithTimeout(context.Background(), nodeKeep)
		var kept int64
		err := db.write(ctx, func(u run) (err error) {
			kept, err = u.exec(db.q.NodeKeep, db.node, db.holder, zongji.NowMs(db.cfg.Clock).Add(nodeLife))
			return err
		})
		cancel()
		switch {
		case err != nil:
			db.cfg.Log.Warn("node number not renewed", "node", db.node, "err", err)
		case kept == 0:
			db.cfg.Log.Error("another process took this node's number: restart this one", "node", db.node)
		}
	}
}

// Close waits for what is being written and closes the database.
func (db *DB) Close() error {
	select {
	case <-db.stop:
		return nil
	default:
	}
	if db.ids != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		_ = db.write(ctx, func(u run) error { // else it ends by itself
			_, err := u.exec(db.q.NodeKeep, db.node, db.holder, zongji.NowMs(db.cfg.Clock)+1)
			return err
		})
		cancel()
	}
	close(db.stop)
	db.tasks.Wait()
	var errs []error
	if db.pool != nil {
		errs = append(errs, db.pool.Close())
	}
	if db.conn != nil {
		errs = append(errs, db.conn.Close())
	}
	if db.wdb != nil {
		errs = append(errs, db.wdb.Close())
	}
	return errors.Join(errs...)
}

// IDs returns the node's source of ids.
func (db *DB) IDs() *zongji.IDs { return db.ids }

// Statements returns how many SQL statements were executed, without the
// begin, savepoint and commit around them.
func (db *DB) Statements() int64 { return db.count.Load() }

// Ping asks the database for a sign of life.
func (db *DB) Ping(ctx context.Context) error {
	var n int
	return db.read(ctx).one(db.q.Ping, nil, &n)
}

// Info asks the database about itself; what it does not answer stays zero.
func (db *DB) Info() Info {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	in := Info{Kind: db.engine, Path: db.cfg.DSN}
	r := db.read(ctx)
	_ = r.one(db.q.Version, nil, &in.Version)
	_ = r.one(db.q.SchemaVersion, nil, &in.Schema)
	_ = r.one(db.q.Bytes, nil, &in.Bytes)
	if u, err := url.Parse(db.cfg.DSN); db.engine == "postgres" {
		in.Path = ""
		if err == nil {
			in.Path = u.Host + u.Path
		}
	}
	return in
}

func (db *DB) now() zongji.Ms { return zongji.NowMs(db.cfg.Clock) }
