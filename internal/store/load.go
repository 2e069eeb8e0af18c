package store

import (
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
)

//go:embed queries/*.sql
var queryFS embed.FS

//go:embed schema/*.sql
var schemaFS embed.FS

// stmt is one statement of queries/*.sql.
type stmt struct {
	name, text string
	w, r       *sql.Stmt // SQLite: on the writer's connection, on the readers' pool
}

// load fills every field of q with the statement of the same name and returns
// them. "-- name: X" begins a statement, "-- name: X sqlite" one for that
// engine only, "-- part: x" a piece that {x} stands for. A missing or unused
// name is an error, so a slip stops the program at start, never in the night.
func load(q *queries, engine string) ([]*stmt, error) {
	names, parts := map[string]string{}, map[string]string{}
	paths, err := fs.Glob(queryFS, "queries/*.sql")
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		b, err := queryFS.ReadFile(p)
		if err != nil {
			return nil, err
		}
		for block := range strings.SplitSeq("\n"+string(b), "\n-- part: ") {
			head, named, _ := strings.Cut(block, "\n-- name: ")
			if name, text, ok := strings.Cut(head, "\n"); ok && strings.TrimSpace(name) != "" {
				parts[strings.TrimSpace(name)] = strings.TrimSpace(text)
			}
			for one := range strings.SplitSeq(named, "\n-- name: ") {
				head, text, _ := strings.Cut(one, "\n")
				name, only, _ := strings.Cut(strings.TrimSpace(head), " ")
				if name == "" || only != "" && only != engine {
					continue
				}
				if _, dup := names[name]; dup {
					return nil, fmt.Errorf("%s: %s stands twice", p, name)
				}
				names[name] = strings.TrimSpace(text)
			}
		}
	}
	fill := make([]string, 0, 2*len(parts))
	for name, text := range parts {
		fill = append(fill, "{"+name+"}", text)
	}
	r := strings.NewReplacer(fill...)
	var all []*stmt
	v := reflect.ValueOf(q).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		text, ok := names[name]
		if !ok {
			return nil, fmt.Errorf("no query named %s for %s", name, engine)
		}
		s := &stmt{name: name, text: r.Replace(text)}
		v.Field(i).Set(reflect.ValueOf(s))
		all = append(all, s)
		delete(names, name)
	}
	if len(names) > 0 {
		return nil, fmt.Errorf("queries never used: %s", strings.Join(slices.Sorted(maps.Keys(names)), ", "))
	}
	return all, nil
}

// engineFS shows the schema of one engine: x.sqlite.sql and x.postgres.sql
// are for one only.
type engineFS struct {
	fs.FS
	other string // suffix of the files that are not for this engine
}

// ReadDir makes engineFS an fs.ReadDirFS, which fs.Glob asks.
func (f engineFS) ReadDir(name string) ([]fs.DirEntry, error) {
	all, err := fs.ReadDir(f.FS, name)
	return slices.DeleteFunc(all, func(e fs.DirEntry) bool { return strings.HasSuffix(e.Name(), f.other) }), err
}
