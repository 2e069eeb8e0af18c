package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"zongji/internal/app"
)

func doctorCmd() *cobra.Command {
	var s settings
	var asJSON bool
	cmd := &cobra.Command{Use: "doctor", Short: "Check that it would start, that each queue has people, that each message is stored exactly once", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		cfg, err := s.load()
		if err != nil {
			return err
		}
		checks := app.Doctor(cmd.Context(), cfg, logger("error"))
		bad := 0
		for _, c := range checks {
			if !c.OK {
				bad++
			}
		}
		if asJSON {
			if err := json.NewEncoder(os.Stdout).Encode(checks); err != nil {
				return err
			}
		} else {
			for _, c := range checks {
				mark := "ok  "
				if !c.OK {
					mark = "BAD "
				}
				fmt.Printf("%s %-24s %s\n", mark, c.Name, c.Text)
			}
		}
		if bad > 0 {
			return fmt.Errorf("%d of %d checks failed", bad, len(checks))
		}
		return nil
	}}
	s.bind(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
