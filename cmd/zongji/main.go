// Command zongji is the switchboard: serve runs it, demo shows it, and the
// other verbs look after it. One file per verb.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"zongji/configs"
)

// version is set by the linker (Makefile).
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "zongji:", err)
		stop()
		os.Exit(1)
	}
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use: "zongji", Short: "总机: the customer-service switchboard",
		SilenceErrors: true, SilenceUsage: true, Version: version,
	}
	cmd.AddCommand(serveCmd(), demoCmd(), migrateCmd(), userCmd(), channelCmd(), packCmd(), faqCmd(), mailCmd(), benchCmd(), doctorCmd(), openapiCmd(), versionCmd())
	return cmd
}

// settings are the flags that say which installation a verb works on.
type settings struct {
	file, listen, db, redis, data, bus, node, log string
}

func (s *settings) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.file, "config", "", "YAML file (see configs/zongji.example.yaml)")
	s.bindRest(cmd)
}

// bindRest binds all flags but --config, for verbs that use it otherwise.
func (s *settings) bindRest(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.listen, "listen", "", "host:port")
	f.StringVar(&s.db, "db", "", "path of a SQLite file or postgres://…")
	f.StringVar(&s.redis, "redis-url", "", "redis://host:port/db or unix:///path")
	f.StringVar(&s.data, "data", "", "folder of files")
	f.StringVar(&s.bus, "bus", "", "redis, child or memory")
	f.StringVar(&s.node, "node", "", "name of this node")
	f.StringVar(&s.log, "log", "", "debug, info, warn or error")
}

// load reads file, environment and flags, the later over the earlier.
func (s *settings) load() (configs.Config, error) {
	c, err := configs.Load(s.file, os.Getenv)
	if err != nil {
		return c, err
	}
	for _, f := range []struct {
		dst *string
		src string
	}{{&c.Listen, s.listen}, {&c.DB, s.db}, {&c.Redis, s.redis}, {&c.Data, s.data}, {&c.Bus, s.bus}, {&c.Node, s.node}, {&c.Log, s.log}} {
		if f.src != "" {
			*f.dst = f.src
		}
	}
	return c, c.Validate()
}

// logger writes JSON lines to stderr.
func logger(level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: l}))
}

func versionCmd() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print version, commit and Go version", Args: cobra.NoArgs, Run: func(*cobra.Command, []string) {
		commit, goVersion := "", ""
		if bi, ok := debug.ReadBuildInfo(); ok {
			goVersion = bi.GoVersion
			for _, s := range bi.Settings {
				if s.Key == "vcs.revision" {
					commit = " " + s.Value
				}
			}
		}
		fmt.Printf("zongji %s%s %s\n", version, commit, goVersion)
	}}
}
