package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"zongji/internal/app"
	"zongji/internal/demo"
)

func serveCmd() *cobra.Command {
	var s settings
	cmd := &cobra.Command{Use: "serve", Short: "Serve customers and agents", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		cfg, err := s.load()
		if err != nil {
			return err
		}
		return app.Run(cmd.Context(), cfg, app.Options{Version: version, Log: logger(cfg.Log), Demo: demo.FromEnv()})
	}}
	s.bind(cmd)
	return cmd
}

func migrateCmd() *cobra.Command {
	var s settings
	cmd := &cobra.Command{Use: "migrate", Short: "Bring the database to this version's schema and stop", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		cfg, err := s.load()
		if err != nil {
			return err
		}
		db, err := app.OpenStore(cmd.Context(), cfg, logger("warn"), nil)
		if err != nil {
			return err
		}
		defer db.Close()
		i := db.Info()
		fmt.Printf("%s %s, schema %d\n", i.Kind, i.Version, i.Schema)
		return nil
	}}
	s.bind(cmd)
	return cmd
}
