package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"zongji/bot"
	packfiles "zongji/configs/packs"
	"zongji/internal/packs"
	"zongji/internal/store"
)

func packCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "pack", Short: "Ready-made service departments: list, check, load"}
	cmd.AddCommand(packListCmd(), packCheckCmd(), packLoadCmd())
	return cmd
}

// openPack reads a pack from a folder, or a shipped one by its id.
func openPack(name string) (*packs.Pack, error) {
	if st, err := os.Stat(name); err == nil && st.IsDir() {
		return packs.Read(os.DirFS(name))
	}
	dir, err := fs.Sub(packfiles.Files, name)
	if err != nil {
		return nil, err
	}
	p, err := packs.Read(dir)
	if err != nil {
		return nil, fmt.Errorf("pack %q is neither a folder nor shipped: %w", name, err)
	}
	return p, nil
}

func packListCmd() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the shipped packs", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		entries, err := fs.ReadDir(packfiles.Files, ".")
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !e.IsDir() {
				continue
			}
			p, err := openPack(e.Name())
			if err != nil {
				return err
			}
			fmt.Printf("%-16s %s: %d FAQ, %d quick replies, %d queues, %d rules\n", p.ID, p.Name, len(p.FAQs), len(p.Replies), len(p.Queues), len(p.Rules.Rules))
		}
		return nil
	}}
}

func packCheckCmd() *cobra.Command {
	return &cobra.Command{Use: "check NAME|DIR", Short: "Check that a pack is whole", Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		p, err := openPack(args[0])
		if err != nil {
			return err
		}
		mistakes := p.Check()
		for _, m := range mistakes {
			fmt.Println(m)
		}
		if len(mistakes) > 0 {
			return fmt.Errorf("%d mistakes", len(mistakes))
		}
		fmt.Println("ok")
		return nil
	}}
}

func packLoadCmd() *cobra.Command {
	var s settings
	cmd := &cobra.Command{Use: "load NAME|DIR", Short: "Load a pack; what people edited stays", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		p, err := openPack(args[0])
		if err != nil {
			return err
		}
		return s.withStore(cmd, func(db *store.DB) error {
			if err := p.Load(cmd.Context(), db); err != nil {
				return err
			}
			fmt.Printf("%s is loaded. Its users have no passwords yet: zongji user password LOGIN\n", p.ID)
			return nil
		})
	}}
	s.bind(cmd)
	return cmd
}

func faqCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "faq", Short: "Try the bot: ask, eval"}
	cmd.AddCommand(faqAskCmd(), faqEvalCmd())
	return cmd
}

func faqAskCmd() *cobra.Command {
	var s settings
	cmd := &cobra.Command{Use: "ask TEXT", Short: "What the bot would do, with scores", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		return s.withStore(cmd, func(db *store.DB) error {
			faqs, err := db.FAQs(cmd.Context())
			if err != nil {
				return err
			}
			b := bot.New(bot.Config{})
			b.Load(1, faqs)
			enc := json.NewEncoder(os.Stdout)
			enc.SetIndent("", "  ")
			return enc.Encode(b.Match(args[0]))
		})
	}}
	s.bind(cmd)
	return cmd
}

func faqEvalCmd() *cobra.Command {
	return &cobra.Command{Use: "eval NAME|DIR", Short: "Score the bot on a pack's eval.tsv", Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		p, err := openPack(args[0])
		if err != nil {
			return err
		}
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(p.Score())
	}}
}
