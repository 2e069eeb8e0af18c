package testenv

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// PostgresServer is a server that a test owns, to be stopped in the middle.
type PostgresServer struct {
	DSN  string
	bin  string
	dir  string
	cred *syscall.Credential
	stop func()
}

var shared struct {
	once sync.Once
	dsn  string
	err  error
}

// Postgres returns the DSN of an empty schema, dropped after the test. The
// server is that of ZONGJI_TEST_POSTGRES, else one is started for the test
// binary and ends with it.
func Postgres(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() {
		if shared.dsn = os.Getenv("ZONGJI_TEST_POSTGRES"); shared.dsn == "" {
			var s *PostgresServer
			if s, shared.err = newPostgres(); shared.err == nil {
				shared.dsn, shared.err = s.DSN, s.Start()
			}
		}
	})
	if shared.err != nil {
		Missing(t, "PostgreSQL ("+shared.err.Error()+")")
	}
	admin, err := sql.Open("pgx", shared.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := fmt.Sprintf("t%d_%d", os.Getpid(), time.Now().UnixNano())
	if _, err := admin.Exec("CREATE SCHEMA " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if db, err := sql.Open("pgx", shared.dsn); err == nil {
			_, _ = db.Exec("DROP SCHEMA " + name + " CASCADE")
			db.Close()
		}
	})
	sep := "?"
	if strings.Contains(shared.dsn, "?") {
		sep = "&"
	}
	return shared.dsn + sep + "search_path=" + name
}

// OwnPostgres starts a server for one test that wants to stop it.
func OwnPostgres(t testing.TB) *PostgresServer {
	t.Helper()
	s, err := newPostgres()
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		Missing(t, "PostgreSQL ("+err.Error()+")")
	}
	t.Cleanup(func() { s.Stop(); os.RemoveAll(s.dir) })
	return s
}

// newPostgres makes a cluster in a folder of its own. PostgreSQL refuses to
// run as root, so root runs it as the user postgres.
func newPostgres() (*PostgresServer, error) {
	bin := filepath.Dir(newest("/usr/lib/postgresql/*/bin/initdb"))
	if bin == "." {
		p, err := exec.LookPath("initdb")
		if err != nil {
			return nil, fmt.Errorf("initdb not found")
		}
		bin = filepath.Dir(p)
	}
	dir, err := os.MkdirTemp("", "zjpg")
	if err != nil {
		return nil, err
	}
	s := &PostgresServer{bin: bin, dir: dir}
	if os.Getuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, err
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		s.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			return nil, err
		}
	}
	s.DSN = "postgres://zongji@/postgres?host=" + dir + "&sslmode=disable"
	cmd := s.command("initdb", "-D", filepath.Join(dir, "d"), "-U", "zongji", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	return s, nil
}

func (s *PostgresServer) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred}
	return cmd
}

// Start starts the server, also again after Stop, and waits until it answers.
func (s *PostgresServer) Start() error {
	stop, err := start(s.command("postgres", "-D", filepath.Join(s.dir, "d"), "-k", s.dir, "-h", "", "-c", "fsync=off",
		"-c", "max_connections=300", "-c", "shared_buffers=64MB"), syscall.SIGQUIT)
	if err != nil {
		return err
	}
	s.stop = stop
	db, err := sql.Open("pgx", s.DSN)
	if err != nil {
		return err
	}
	defer db.Close()
	for range 1000 {
		if err = db.Ping(); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("postgres did not answer in 20 s: %w", err)
}

// Stop ends the server at once, as a crash would.
func (s *PostgresServer) Stop() {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
}
