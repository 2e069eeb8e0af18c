package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"zongji/internal/bench"
)

func benchCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "bench", Short: "Measure this machine: chat, route, list, erlang"}
	cmd.AddCommand(benchChatCmd(), benchRouteCmd(), benchListCmd(), benchErlangCmd())
	return cmd
}

// printResult prints JSON, or the same keys one a line.
func printResult(asJSON bool, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if !asJSON {
		if b, err = json.MarshalIndent(v, "", "  "); err != nil {
			return err
		}
	}
	_, err = fmt.Println(string(b))
	return err
}

func benchChatCmd() *cobra.Command {
	cfg := bench.ChatConfig{Sockets: 5000, Duration: 15 * time.Second, Progress: os.Stderr}
	rate, db, redis, asJSON := "1000", "", "", false
	cmd := &cobra.Command{Use: "chat", Short: "Customer → agent and back, with every socket open", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		if rate != "max" {
			n, err := strconv.Atoi(rate)
			if err != nil || n < 1 {
				return fmt.Errorf("rate is %q; want messages a second, or max", rate)
			}
			cfg.Rate = n
		}
		var err error
		if cfg.Bin, err = os.Executable(); err != nil {
			return err
		}
		if db != "" {
			cfg.Env = append(cfg.Env, "ZONGJI_DB="+db)
		}
		if redis != "" {
			cfg.Env = append(cfg.Env, "ZONGJI_REDIS_URL="+redis)
		} else if db != "" {
			cfg.Env = append(cfg.Env, "ZONGJI_BUS=memory")
		}
		res, err := bench.Chat(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		if err := printResult(asJSON, res); err != nil {
			return err
		}
		if res.Lost+res.Doubled > 0 {
			return fmt.Errorf("%d lost, %d doubled", res.Lost, res.Doubled)
		}
		return nil
	}}
	f := cmd.Flags()
	f.IntVar(&cfg.Sockets, "sockets", cfg.Sockets, "customers with an open conversation")
	f.StringVar(&rate, "rate", rate, "messages a second, half of them from agents; max: as fast as it goes")
	f.DurationVar(&cfg.Duration, "duration", cfg.Duration, "of the measured part")
	f.StringVar(&db, "db", "", "an empty database postgres://…; empty: SQLite in a scratch folder")
	f.StringVar(&redis, "redis-url", "", "an empty Redis; empty: memory")
	f.BoolVar(&asJSON, "json", false, "print JSON in one line")
	return cmd
}

func benchRouteCmd() *cobra.Command {
	cfg := bench.RouteConfig{}
	asJSON := false
	cmd := &cobra.Command{Use: "route", Short: "Engine and fenced commit to a committed offer", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		res, err := bench.Route(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		return printResult(asJSON, res)
	}}
	f := cmd.Flags()
	f.IntVar(&cfg.Waiting, "waiting", 100_000, "conversations that wait")
	f.IntVar(&cfg.Agents, "agents", 1000, "agents")
	f.StringVar(&cfg.Bus, "bus", "", "memory, or the URL of an empty Redis; empty: a private redis-server when one is installed")
	f.BoolVar(&asJSON, "json", false, "print JSON in one line")
	return cmd
}

func benchListCmd() *cobra.Command {
	cfg := bench.ListConfig{Progress: os.Stderr}
	asJSON := false
	cmd := &cobra.Command{Use: "list", Short: "The desk's lists at 100,000 conversations", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		res, err := bench.List(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		return printResult(asJSON, res)
	}}
	f := cmd.Flags()
	f.IntVar(&cfg.Conversations, "conversations", 100_000, "stored conversations")
	f.StringVar(&cfg.DSN, "db", "", "an empty database postgres://…; empty: SQLite in a scratch folder")
	f.BoolVar(&asJSON, "json", false, "print JSON in one line")
	return cmd
}

func benchErlangCmd() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{Use: "erlang", Short: "The engine against queueing theory (Erlang C and A)", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		res, err := bench.Erlang(cmd.Context(), bench.ErlangConfig{})
		if err != nil {
			return err
		}
		return printResult(asJSON, res)
	}}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON in one line")
	return cmd
}
