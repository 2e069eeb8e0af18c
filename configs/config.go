// Package configs holds how the product is started: a YAML file, environment
// variables over it and flags over both. What it serves (queues, rules,
// channels, knowledge) lies in the database and is edited in the console.
package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Config is everything that is known before the database is open. Each field
// is also the environment variable named in its env tag.
type Config struct {
	Listen string `yaml:"listen" env:"ZONGJI_LISTEN"` // host:port of HTTP and sockets
	URL    string `yaml:"url" env:"ZONGJI_URL"`       // how browsers reach it: https://kf.example.com; "" = derived from Listen
	Data   string `yaml:"data" env:"ZONGJI_DATA"`     // folder of files, the SQLite file and the private redis-server
	DB     string `yaml:"db" env:"ZONGJI_DB"`         // path of a SQLite file or postgres://…; "" = <data>/zongji.db
	Redis  string `yaml:"redis_url" env:"ZONGJI_REDIS_URL,REDIS_URL"`
	Bus    string `yaml:"bus" env:"ZONGJI_BUS"`     // "" | redis | child | memory; "" = redis when redis_url is set, else memory
	Node   string `yaml:"node" env:"ZONGJI_NODE"`   // name of this node; "" = host name
	Log    string `yaml:"log" env:"ZONGJI_LOG"`     // debug | info | warn | error
	Debug  string `yaml:"debug" env:"ZONGJI_DEBUG"` // loopback host:port of Go's profiles (/debug/pprof); "" = none

	Secret     string `yaml:"secret" env:"ZONGJI_SECRET"` // seals personal data; the same on all nodes, at least 16 characters
	SecretFile string `yaml:"secret_file" env:"ZONGJI_SECRET_FILE"`

	Trusted []string `yaml:"trusted_proxies" env:"ZONGJI_TRUSTED_PROXIES"` // networks whose X-Forwarded-For is believed
	Blob    Blob     `yaml:"blob"`
	Limits  Limits   `yaml:"limits"`
	Keep    Keep     `yaml:"keep"`
}

// Keep says how many days of what is only written down stay; 0: all. The law
// may want some: China's Cybersecurity Law wants six months of logs.
type Keep struct {
	Audit int `yaml:"audit_days" env:"ZONGJI_KEEP_AUDIT_DAYS"` // who changed what
	Agent int `yaml:"agent_days" env:"ZONGJI_KEEP_AGENT_DAYS"` // when agents came, went, took breaks
}

// Blob says where attachments lie.
type Blob struct {
	Shared bool `yaml:"shared" env:"ZONGJI_BLOB_SHARED"` // the data folder is one file system on all nodes
}

// Limits may be lifted where tests and demonstrations run.
type Limits struct {
	Loopback bool `yaml:"loopback" env:"ZONGJI_LIMITS_LOOPBACK"` // limits per IP hold for loopback too
}

// Default returns the configuration of a single node without a file.
func Default() Config {
	return Config{Listen: "127.0.0.1:8080", Data: "data", Log: "info", Limits: Limits{Loopback: true}}
}

// Load reads file (none when ""), then the environment as getenv gives it. A
// mistake is named with its place; all mistakes are reported at once.
func Load(file string, getenv func(string) string) (Config, error) {
	c := Default()
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return c, fmt.Errorf("configuration: %w", err)
		}
		dec := yaml.NewDecoder(bytes.NewReader(b))
		dec.KnownFields(true)
		if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
			return c, fmt.Errorf("%s: %s", file, strings.TrimPrefix(err.Error(), "yaml: "))
		}
	}
	if err := fromEnv(reflect.ValueOf(&c).Elem(), getenv); err != nil {
		return c, err
	}
	return c, nil
}

// fromEnv overwrites the fields whose environment variable is set; the last
// name of a tag loses against the first.
func fromEnv(v reflect.Value, getenv func(string) string) error {
	var errs []error
	for i := range v.NumField() {
		f, tag := v.Field(i), v.Type().Field(i).Tag.Get("env")
		if f.Kind() == reflect.Struct {
			errs = append(errs, fromEnv(f, getenv))
			continue
		}
		for name := range strings.SplitSeq(tag, ",") {
			s := getenv(name)
			if name == "" || s == "" {
				continue
			}
			switch f.Kind() {
			case reflect.Bool:
				b, err := strconv.ParseBool(s)
				if err != nil {
					errs = append(errs, fmt.Errorf("%s=%q: want true or false", name, s))
				}
				f.SetBool(b)
			case reflect.Int:
				n, err := strconv.Atoi(s)
				if err != nil {
					errs = append(errs, fmt.Errorf("%s=%q: want a number", name, s))
				}
				f.SetInt(int64(n))
			case reflect.Slice:
				f.Set(reflect.ValueOf(strings.Split(s, ",")))
			default:
				f.SetString(s)
			}
			break
		}
	}
	return errors.Join(errs...)
}

// Validate fills what follows from other fields and reports every mistake:
// which setting, what is wrong, what to write.
func (c *Config) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if _, port, err := net.SplitHostPort(c.Listen); err != nil || port == "" {
		bad("listen: %q is not host:port, for example 127.0.0.1:8080", c.Listen)
	}
	if c.Debug != "" {
		host, _, err := net.SplitHostPort(c.Debug)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			bad("debug: %q is not a loopback host:port, for example 127.0.0.1:6060", c.Debug)
		}
	}
	if c.DB == "" {
		c.DB = filepath.Join(c.Data, "zongji.db")
	}
	if c.Node == "" {
		c.Node, _ = os.Hostname()
	}
	switch c.Bus {
	case "":
		if c.Redis != "" {
			c.Bus = "redis"
		} else {
			c.Bus = "memory"
			if c.Postgres() {
				bad("redis_url: PostgreSQL is for several nodes, which need Redis; set redis_url, or write bus: memory if there is only this node")
			}
		}
	case "redis":
		if c.Redis == "" {
			bad("redis_url: bus is redis but redis_url is empty; write redis://host:6379/0")
		}
	case "child", "memory":
	default:
		bad("bus: %q is unknown; want redis, child or memory", c.Bus)
	}
	switch c.Log {
	case "debug", "info", "warn", "error":
	default:
		bad("log: %q is unknown; want debug, info, warn or error", c.Log)
	}
	if c.SecretFile != "" {
		b, err := os.ReadFile(c.SecretFile)
		if err != nil {
			bad("secret_file: %v", err)
		}
		c.Secret = strings.TrimSpace(string(b))
	}
	if c.Secret != "" && len(c.Secret) < 16 {
		bad("secret: %d characters are too few; write at least 16 random ones", len(c.Secret))
	}
	if c.Bus == "redis" && c.Postgres() && c.Secret == "" {
		bad("secret: several nodes need the same secret; set ZONGJI_SECRET or secret_file")
	}
	if c.Bus == "redis" && c.Postgres() && !c.Blob.Shared {
		bad("blob.shared: several nodes need the same files; put data (%s) on a file system that all nodes share and write blob: {shared: true}", c.Data)
	}
	if c.Keep.Audit < 0 || c.Keep.Agent < 0 {
		bad("keep: audit_days %d and agent_days %d are numbers of days, 0 keeps all", c.Keep.Audit, c.Keep.Agent)
	}
	for _, n := range c.Trusted {
		if _, _, err := net.ParseCIDR(n); err != nil && net.ParseIP(n) == nil {
			bad("trusted_proxies: %q is neither an address nor a network", n)
		}
	}
	return errors.Join(errs...)
}

// Postgres reports whether DB names a PostgreSQL server.
func (c *Config) Postgres() bool {
	return strings.HasPrefix(c.DB, "postgres://") || strings.HasPrefix(c.DB, "postgresql://")
}
