package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"zongji/internal/demo"
)

func demoCmd() *cobra.Command {
	cfg := demo.Config{Listen: "127.0.0.1:8080", Data: filepath.Join("data", "demo"), Scripted: true, History: true}
	cmd := &cobra.Command{Use: "demo", Short: "Show the product: a sample department, scripted agents, recorded customers", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		var err error
		if cfg.Bin, err = os.Executable(); err != nil {
			return err
		}
		if err := loopback(cfg.Listen); err != nil {
			return err
		}
		cfg.Out, cfg.Log = cmd.OutOrStdout(), slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
		return demo.Run(cmd.Context(), cfg)
	}}
	f := cmd.Flags()
	f.StringVar(&cfg.Listen, "listen", cfg.Listen, "loopback address and port")
	f.StringVar(&cfg.Data, "data", cfg.Data, "folder of the demo's database, files and logins")
	f.BoolVar(&cfg.Scripted, "scripted", true, "agents accept and answer by themselves while nobody takes their seat")
	f.BoolVar(&cfg.History, "history", true, "load 30 days of made-up history in the background")
	cmd.AddCommand(replayCmd(), dayCmd())
	return cmd
}

// loopback refuses to show the demo, whose passwords anybody may read, to
// other machines.
func loopback(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("the demo listens on this machine only: %s is not a loopback address", host)
	}
	return nil
}

func replayCmd() *cobra.Command {
	cfg := demo.ReplayConfig{Base: "http://127.0.0.1:8080", Channel: "demo", Speed: 1}
	var file string
	cmd := &cobra.Command{Use: "replay", Short: "Play recorded customers against a running demo and tell what happened to each", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		customers, err := recorded(file)
		if err != nil {
			return err
		}
		cfg.Out, cfg.Progress = cmd.OutOrStdout(), os.Stderr
		return demo.Replay(cmd.Context(), cfg, customers)
	}}
	f := cmd.Flags()
	f.StringVar(&file, "file", "", "JSON lines, one customer each; empty: those of the sample department (configs/packs/README.md tells the format)")
	f.StringVar(&cfg.Base, "url", cfg.Base, "where it runs")
	f.StringVar(&cfg.Channel, "channel", cfg.Channel, "key of the web chat channel")
	f.Float64Var(&cfg.Speed, "speed", cfg.Speed, "1 as recorded, 10 ten times as fast")
	f.BoolVar(&cfg.JSON, "json", false, "print JSON")
	return cmd
}

func recorded(file string) ([]demo.Customer, error) {
	if file == "" {
		p, err := demo.Sample()
		if err != nil {
			return nil, err
		}
		return demo.Recorded(p)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	customers, err := demo.Parse(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(customers) == 0 {
		return nil, fmt.Errorf("%s: no customers", file)
	}
	return customers, nil
}

func dayCmd() *cobra.Command {
	cfg := demo.DayConfig{Seed: 1, Customers: 1200, Agents: 12}
	minutes := 3.0
	var export string
	cmd := &cobra.Command{Use: "day", Short: "A synthetic day with one kill and one flush; fails unless every message is conserved", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		var err error
		if cfg.Bin, err = os.Executable(); err != nil {
			return err
		}
		cfg.Length, cfg.Progress, cfg.Out = time.Duration(minutes*float64(time.Minute)), os.Stderr, cmd.OutOrStdout()
		var out io.WriteCloser
		if export != "" {
			if out, err = os.Create(export); err != nil {
				return err
			}
			cfg.Export = out
		}
		err = demo.Day(cmd.Context(), cfg)
		if out != nil {
			err = errors.Join(err, out.Close())
		}
		return err
	}}
	f := cmd.Flags()
	f.Uint64Var(&cfg.Seed, "seed", cfg.Seed, "decides who comes when, who says what, when it breaks")
	f.Float64Var(&minutes, "minutes", minutes, "how long the day takes")
	f.IntVar(&cfg.Customers, "customers", cfg.Customers, "how many come")
	f.IntVar(&cfg.Agents, "agents", cfg.Agents, "how many serve them")
	f.StringVar(&export, "export", "", "JSON lines: each side's view")
	return cmd
}
