package main

import (
	"os"

	"github.com/spf13/cobra"

	"zongji/agentdesk"
)

func openapiCmd() *cobra.Command {
	return &cobra.Command{Use: "openapi", Short: "Print the OpenAPI 3.1 description of the REST interface", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		b, err := agentdesk.OpenAPI(version)
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(append(b, '\n'))
		return err
	}}
}
