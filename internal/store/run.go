package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"zongji/internal/zongji"
)

// run executes statements: on the readers' pool, or within a unit of work.
type run struct {
	ctx context.Context
	db  *DB
	tx  *sql.Tx // PostgreSQL: of the unit
	w   bool    // SQLite: within a unit
	// words are index rows that the SQLite writer inserts once for the whole
	// batch: FTS5 would write a segment at the end of each savepoint.
	words *[]indexed
	told  *[]zongji.Event // events of other conversations than the unit's own
}

// indexed is one row of the full-text index.
type indexed struct {
	id    int64
	words string
}

// scan reads one row into the variables.
type scan func(dst ...any) error

func (db *DB) read(ctx context.Context) run { return run{ctx: ctx, db: db} }

func (r run) rows(s *stmt, args []any) (*sql.Rows, error) {
	r.db.count.Add(1)
	if err := clean(args); err != nil {
		return nil, err
	}
	switch {
	case r.tx != nil:
		return r.tx.QueryContext(r.ctx, s.text, args...)
	case r.w:
		return s.w.QueryContext(r.ctx, args...)
	case s.r != nil:
		return s.r.QueryContext(r.ctx, args...)
	}
	return r.db.pool.QueryContext(r.ctx, s.text, args...)
}

// exec returns the number of rows that it changed.
func (r run) exec(s *stmt, args ...any) (n int64, err error) {
	r.db.count.Add(1)
	if err := clean(args); err != nil {
		return 0, err
	}
	var res sql.Result
	if r.tx != nil {
		res, err = r.tx.ExecContext(r.ctx, s.text, args...)
	} else {
		res, err = s.w.ExecContext(r.ctx, args...)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", s.name, err)
	}
	return res.RowsAffected()
}

// one reads the first row; sql.ErrNoRows when there is none.
func (r run) one(s *stmt, args []any, dst ...any) error {
	rows, err := r.rows(s, args)
	if err == nil {
		defer rows.Close()
		if rows.Next() {
			err = rows.Scan(dst...)
		} else if err = rows.Err(); err == nil {
			return sql.ErrNoRows
		}
	}
	if err == nil {
		err = rows.Close()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// list reads all rows.
func list[T any](r run, s *stmt, args []any, fn func(scan) (T, error)) ([]T, error) {
	rows, err := r.rows(s, args)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	defer rows.Close()
	out := []T{}
	for rows.Next() {
		v, err := fn(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return out, nil
}

// first reads the first row; missing is returned when there is none.
func first[T any](r run, s *stmt, args []any, missing error, fn func(scan) (T, error)) (T, error) {
	var zero T
	all, err := list(r, s, args, fn)
	switch {
	case err != nil:
		return zero, err
	case len(all) == 0:
		return zero, missing
	}
	return all[0], nil
}

// clean gives args the few types that both drivers take, and refuses text
// that PostgreSQL cannot keep.
func clean(args []any) error {
	for i, a := range args {
		switch v := a.(type) {
		case int64, nil:
		case int:
			args[i] = int64(v)
		case zongji.Ms:
			args[i] = int64(v)
		case bool:
			args[i] = int64(0)
			if v {
				args[i] = int64(1)
			}
		case string:
			if err := text(v); err != nil {
				return err
			}
		default:
			rv := reflect.ValueOf(a)
			switch rv.Kind() {
			case reflect.String:
				args[i] = rv.String()
				if err := text(rv.String()); err != nil {
					return err
				}
			case reflect.Int, reflect.Int64:
				args[i] = rv.Int()
			}
		}
	}
	return nil
}

func text(s string) error {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return zongji.Errorf(zongji.Invalid, "bad_text", "a text holds U+0000 or is not UTF-8")
	}
	return nil
}

// object returns v as JSON, "" for nil, empty and zero.
func object(v any) string {
	if raw, ok := v.(json.RawMessage); ok {
		return string(raw)
	}
	rv := reflect.ValueOf(v)
	if !rv.IsValid() || rv.IsZero() || (rv.Kind() == reflect.Slice || rv.Kind() == reflect.Map) && rv.Len() == 0 {
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("store: %T as JSON: %v", v, err)) // a type that cannot be one
	}
	return string(b)
}

// from scans a JSON column into what p points to; "" leaves it as it is.
type from struct{ p any }

// Scan makes from a sql.Scanner.
func (f from) Scan(src any) error {
	var b []byte
	switch v := src.(type) {
	case string:
		b = []byte(v)
	case []byte:
		b = append(b, v...)
	case nil:
	default:
		return fmt.Errorf("JSON column holds a %T", src)
	}
	if len(b) == 0 {
		return nil
	}
	if raw, ok := f.p.(*json.RawMessage); ok {
		*raw = b
		return nil
	}
	return json.Unmarshal(b, f.p)
}

// errMoved says that a row is not as it was read: the unit runs again.
var errMoved = errors.New("store: the row moved on")

// Down reports whether err says that the database cannot be reached or
// written now: no space, a read-only or broken disk, no server.
func Down(err error) bool {
	var se *sqlite.Error
	if errors.As(err, &se) {
		switch se.Code() & 0xff {
		case 5, 6, 8, 10, 13, 14: // BUSY LOCKED READONLY IOERR FULL CANTOPEN
			return true
		}
	}
	switch code := pgCode(err); {
	case code == "25006": // read_only_sql_transaction
		return true
	case len(code) == 5:
		return strings.Contains("08 53 57 58", code[:2]) // connection, resources, shutdown, system
	}
	var nobody *pgconn.ConnectError
	var broken *net.OpError
	return errors.As(err, &nobody) || errors.As(err, &broken) || errors.Is(err, driver.ErrBadConn)
}

const uniqueViolation = "23505"

func pgCode(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// isUnique reports whether err is a violated unique index.
func isUnique(err error) bool {
	var se *sqlite.Error
	if errors.As(err, &se) {
		return se.Code() == 2067 || se.Code() == 1555 // SQLITE_CONSTRAINT_UNIQUE, _PRIMARYKEY
	}
	return pgCode(err) == uniqueViolation
}

// again reports whether the unit may succeed when it runs again: it lost a
// race against another one.
func again(err error) bool {
	switch pgCode(err) {
	case "40001", "40P01", uniqueViolation:
		return true
	}
	return errors.Is(err, errMoved)
}

// schemaDir returns the folder of migrations.
func schemaDir() fs.FS {
	sub, err := fs.Sub(schemaFS, "schema")
	if err != nil {
		panic(err) // the name is valid
	}
	return sub
}
