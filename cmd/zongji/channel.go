package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"zongji/channels"
	"zongji/channels/email/post"
	"zongji/internal/app"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

func channelCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "channel", Short: "Channel accounts: add, list, check, remove"}
	cmd.AddCommand(channelAddCmd(), channelListCmd(), channelCheckCmd(), channelRemoveCmd())
	return cmd
}

// kindOf returns a kind of channel by its name.
func kindOf(name string) (channels.Kind, error) {
	var known []string
	for _, k := range app.Kinds() {
		if k.Name == name {
			return k, nil
		}
		known = append(known, k.Name)
	}
	return channels.Kind{}, fmt.Errorf("kind %q is unknown; want one of %s", name, strings.Join(known, ", "))
}

func channelAddCmd() *cobra.Command {
	var s settings
	var kind string
	var files []string
	var asJSON bool
	cmd := &cobra.Command{Use: "add --kind KIND --config FILE.json", Short: "Add an account; a running server opens it within seconds", Args: cobra.NoArgs,
		Long: "FILE.json is one object: name, key, queue (its key), bot (true or false), and the settings of the kind; those\n" +
			"of one part may stand in an object of its own: {\"imap\":{\"host\":…}} is imap_host.\n" +
			"A secret S may be given as S_file, the path of a file that holds it. A --config that ends in .yaml is the installation's.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			k, err := kindOf(kind)
			if err != nil {
				return err
			}
			file := ""
			for _, f := range files {
				if ext := filepath.Ext(f); ext == ".yaml" || ext == ".yml" {
					s.file = f
				} else {
					file = f
				}
			}
			if file == "" {
				return errors.New("--config FILE.json is missing: the account's settings")
			}
			b, err := os.ReadFile(file)
			if err != nil {
				return fmt.Errorf("settings: %w", err)
			}
			a, queue, err := readAccount(k, b, os.ReadFile)
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			return s.withStore(cmd, func(db *store.DB) error { return addAccount(cmd, db, a, queue, asJSON) })
		}}
	s.bindRest(cmd)
	f := cmd.Flags()
	f.StringVar(&kind, "kind", "", "kind of channel")
	f.StringArrayVar(&files, "config", nil, "JSON file with the account's settings")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	_ = cmd.MarkFlagRequired("kind") // fails for an unknown flag only
	return cmd
}

// beside are the keys of an account that are not its kind's.
var beside = []string{"name", "key", "queue", "bot"}

// readAccount reads the flat settings of an account and holds them against
// its kind's form. queue is the key of a queue, "" for the first one. All
// mistakes are told at once.
func readAccount(k channels.Kind, text []byte, readFile func(string) ([]byte, error)) (a zongji.ChannelAccount, queue string, err error) {
	var raw map[string]any
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.UseNumber()
	if err := dec.Decode(&raw); err != nil {
		return a, "", fmt.Errorf("want one JSON object: %w", err)
	}
	var bad []error
	flat := map[string]string{}
	var flatten func(prefix string, m map[string]any)
	flatten = func(prefix string, m map[string]any) {
		for key, v := range m {
			switch v := v.(type) {
			case string, json.Number, bool:
				flat[prefix+key] = fmt.Sprint(v)
			case map[string]any:
				flatten(prefix+key+"_", v) // imap{host} is imap_host
			default:
				bad = append(bad, fmt.Errorf("%s: want a text, a number, true or false", prefix+key))
			}
		}
	}
	flatten("", raw)
	take := func(key string) string {
		v := flat[key]
		delete(flat, key)
		return v
	}
	a = zongji.ChannelAccount{Kind: k.Name, Name: take("name"), Key: take("key"), Settings: map[string]string{}, Secrets: map[string]string{}}
	queue = take("queue")
	if bot := take("bot"); bot == "" {
		a.Bot = true
	} else if a.Bot, err = strconv.ParseBool(bot); err != nil {
		bad = append(bad, fmt.Errorf("bot: want true or false"))
	}
	known := slices.Clone(beside)
	for _, f := range k.Form {
		into := a.Settings
		known = append(known, f.Key)
		v, fromFile := take(f.Key), ""
		if f.Type == "secret" {
			into = a.Secrets
			known = append(known, f.Key+"_file")
			if fromFile = take(f.Key + "_file"); fromFile != "" && v == "" {
				b, err := readFile(fromFile)
				if err != nil {
					bad = append(bad, fmt.Errorf("%s_file: %w", f.Key, err))
					continue
				}
				v = strings.TrimSpace(string(b))
			} else if fromFile != "" {
				bad = append(bad, fmt.Errorf("%s and %s_file: give one of them", f.Key, f.Key))
			}
		}
		if v == "" {
			v = f.Default
		}
		if i := slices.Index([]string{"true", "false", "none"}, v); i >= 0 && f.Type == "select" && slices.Contains(f.Options, post.TLS) {
			v = []string{post.TLS, post.Plain, post.Plain}[i]
		}
		if err := fits(f, v); err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", f.Key, err))
		}
		if v != "" {
			into[f.Key] = v
		}
	}
	for key := range flat {
		bad = append(bad, fmt.Errorf("%s: no such setting of %s; known are %s", key, k.Name, strings.Join(known, ", ")))
	}
	slices.SortFunc(bad, func(x, y error) int { return strings.Compare(x.Error(), y.Error()) })
	return a, queue, errors.Join(bad...)
}

// fits holds a value against its field.
func fits(f channels.Field, v string) error {
	switch {
	case v == "" && f.Required:
		return errors.New("is missing")
	case v == "":
		return nil
	case f.Max > 0 && utf8.RuneCountInString(v) > f.Max:
		return fmt.Errorf("has more than %d characters", f.Max)
	case f.Type == "select" && !slices.Contains(f.Options, v):
		return fmt.Errorf("want one of %s", strings.Join(f.Options, ", "))
	}
	var err error
	switch f.Type {
	case "number":
		_, err = strconv.ParseFloat(v, 64)
	case "bool":
		_, err = strconv.ParseBool(v)
	}
	if err != nil {
		return fmt.Errorf("want a %s", f.Type)
	}
	return nil
}

// keyForm is what a key looks like, in addresses too.
var keyForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

// addAccount stores a new account and prints where its other side is to call.
func addAccount(cmd *cobra.Command, db *store.DB, a zongji.ChannelAccount, queue string, asJSON bool) error {
	ctx := cmd.Context()
	queues, err := db.Queues(ctx)
	if err != nil {
		return err
	}
	for _, q := range queues {
		if q.Key == queue || queue == "" && a.Queue == 0 {
			a.Queue = q.ID
		}
	}
	if a.Queue == 0 {
		if queue == "" {
			return errors.New("there is no queue yet: zongji pack load after-sales brings some")
		}
		return fmt.Errorf("queue: there is none with the key %q", queue)
	}
	if a.Key == "" {
		b := make([]byte, 8)
		_, _ = rand.Read(b) // never fails
		a.Key = hex.EncodeToString(b)
	}
	if !keyForm.MatchString(a.Key) {
		return fmt.Errorf("key %q: must be 1 to 40 of a–z 0–9 _ - and begin with a letter or digit", a.Key)
	}
	if a.Name == "" {
		a.Name = a.Kind + "-" + a.Key
	}
	others, err := db.Channels(ctx)
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.Key == a.Key || o.Name == a.Name {
			return fmt.Errorf("channel %s (key %s) is there already: choose another name and key, or remove it", o.Name, o.Key)
		}
	}
	if a, err = db.PutChannel(ctx, a); err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(a)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "added %s (%s), key %s, callback /c/%s/\ntry it: zongji channel check %s\n", a.Name, a.Kind, a.Key, a.Key, a.Key)
	return nil
}

func channelListCmd() *cobra.Command {
	var s settings
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List the accounts", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return s.withStore(cmd, func(db *store.DB) error {
			list, err := db.Channels(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(append([]zongji.ChannelAccount{}, list...))
			}
			for _, a := range list {
				off := ""
				if a.Disabled {
					off = "disabled"
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%-10s %-24s %-24s %s\n", a.Kind, a.Key, a.Name, off)
			}
			return nil
		})
	}}
	s.bind(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// account finds an account by its name or key.
func account(cmd *cobra.Command, db *store.DB, name string) (zongji.ChannelAccount, error) {
	list, err := db.Channels(cmd.Context())
	if err != nil {
		return zongji.ChannelAccount{}, err
	}
	for _, a := range list {
		if a.Name == name || a.Key == name {
			return a, nil
		}
	}
	return zongji.ChannelAccount{}, fmt.Errorf("there is no channel with the name or key %q; see zongji channel list", name)
}

func channelCheckCmd() *cobra.Command {
	var s settings
	var asJSON bool
	cmd := &cobra.Command{Use: "check NAME", Short: "Try an account's connection step by step; fails when a step does", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		return s.withStore(cmd, func(db *store.DB) error {
			a, err := account(cmd, db, args[0])
			if err != nil {
				return err
			}
			k, err := kindOf(a.Kind)
			if err != nil {
				return err
			}
			steps := []channels.Step{}
			if k.Check != nil {
				steps = append(steps, k.Check(cmd.Context(), a)...)
			}
			return showSteps(cmd, steps, asJSON)
		})
	}}
	s.bind(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// stepHelp says what to do about a step that failed, as docs/wechat.md and
// docs/wecom.md have it.
var stepHelp = map[string]string{
	"crypto":    "aes_key is the EncodingAESKey of WeChat's console",
	"token":     "compare appid (corpid) and secret with the console's; a reset secret must be changed here too",
	"whitelist": "add this address to the console's IP whitelist (WeCom: the app's trusted IPs), then try again after some minutes",
	"menu":      "the account may not use menus: most likely it is not verified",
	"send":      "the account may not send customer messages: most likely it is not verified",
	"account":   "open_kfid must be one of the accounts that the app manages",
	"manage":    "WeCom, API, apps that may call it: choose the app and this account",
	"callback":  "submit the callback's address, token and aes_key in the console; the host must be reachable from outside",
}

// showSteps prints a connection test; the error says how many steps failed.
func showSteps(cmd *cobra.Command, steps []channels.Step, asJSON bool) error {
	out, bad := cmd.OutOrStdout(), 0
	for _, st := range steps {
		mark := "ok  "
		if !st.OK {
			mark, bad = "BAD ", bad+1
		}
		if !asJSON {
			fmt.Fprintf(out, "%s %-12s %s\n", mark, st.Name, st.Text)
			if help := stepHelp[st.Name]; help != "" && !st.OK {
				fmt.Fprintf(out, "     %-12s %s\n", "", help)
			}
		}
	}
	if asJSON {
		if err := json.NewEncoder(out).Encode(steps); err != nil {
			return err
		}
	} else if len(steps) == 0 {
		fmt.Fprintln(out, "nothing to try: this kind has no connection of its own")
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d steps failed", bad, len(steps))
	}
	return nil
}

func channelRemoveCmd() *cobra.Command {
	var s settings
	cmd := &cobra.Command{Use: "remove NAME", Short: "Remove an account; its conversations stay", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		return s.withStore(cmd, func(db *store.DB) error {
			a, err := account(cmd, db, args[0])
			if err != nil {
				return err
			}
			if err := db.DeleteChannel(cmd.Context(), a.ID); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "removed %s (%s)\n", a.Name, a.Kind)
			return nil
		})
	}}
	s.bind(cmd)
	return cmd
}
