package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zongji/internal/app"
	"zongji/internal/auth"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

func userCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "Add users, set passwords, list them"}
	cmd.AddCommand(userAddCmd(), userPasswordCmd(), userListCmd())
	return cmd
}

// withStore runs fn with the installation's database.
func (s *settings) withStore(cmd *cobra.Command, fn func(*store.DB) error) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	db, err := app.OpenStore(cmd.Context(), cfg, logger("warn"), nil)
	if err != nil {
		return err
	}
	defer db.Close()
	return fn(db)
}

func userAddCmd() *cobra.Command {
	var s settings
	var u zongji.User
	var role, team string
	cmd := &cobra.Command{Use: "add LOGIN", Short: "Add a user; the password is asked for, or made when the input is empty", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		u.Login, u.Role = args[0], zongji.Role(role)
		if !slices.Contains(zongji.Roles(), u.Role) {
			return fmt.Errorf("role %q is unknown; want one of %v", role, zongji.Roles())
		}
		if u.Name == "" {
			u.Name = u.Login
		}
		return s.withStore(cmd, func(db *store.DB) error {
			if _, err := db.UserByLogin(cmd.Context(), u.Login); err == nil {
				return fmt.Errorf("login %q exists; use zongji user password", u.Login)
			}
			teams, err := db.Teams(cmd.Context())
			if err != nil {
				return err
			}
			for _, t := range teams {
				if t.Key == team || team == "" && len(teams) == 1 {
					u.Team = t.ID
				}
			}
			if team != "" && u.Team == 0 {
				return fmt.Errorf("there is no team with the key %q", team)
			}
			return setPassword(cmd, db, u)
		})
	}}
	s.bind(cmd)
	cmd.Flags().StringVar(&u.Name, "name", "", "name")
	cmd.Flags().StringVar(&role, "role", string(zongji.RoleAgent), "agent, auditor, supervisor or admin")
	cmd.Flags().StringVar(&team, "team", "", "key of the team; empty: the only one, if there is only one")
	cmd.Flags().IntVar(&u.Capacity, "capacity", 10, "capacity in units")
	return cmd
}

func userPasswordCmd() *cobra.Command {
	var s settings
	cmd := &cobra.Command{Use: "password LOGIN", Short: "Set a password and end the user's sessions", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		return s.withStore(cmd, func(db *store.DB) error {
			u, err := db.UserByLogin(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return setPassword(cmd, db, u)
		})
	}}
	s.bind(cmd)
	return cmd
}

// setPassword reads a password, stores the user if he is new, and sets it.
func setPassword(cmd *cobra.Command, db *store.DB, u zongji.User) error {
	fmt.Fprintf(os.Stderr, "password for %s (empty: make one): ", u.Login)
	line, _ := bufio.NewReader(cmd.InOrStdin()).ReadString('\n') // no input: empty
	pw := strings.TrimSpace(line)
	if pw == "" {
		pw = auth.NewPassword()
		fmt.Printf("%s %s\n", u.Login, pw)
	}
	if err := auth.CheckStrength(u.Login, pw); err != nil {
		return err
	}
	ctx := cmd.Context()
	if u.ID == 0 {
		var err error
		if u, err = db.PutUser(ctx, u); err != nil {
			return err
		}
	}
	return errors.Join(db.SetPassword(ctx, u.ID, auth.Hash(pw)), db.DeleteUserSessions(ctx, u.ID, ""))
}

func userListCmd() *cobra.Command {
	var s settings
	cmd := &cobra.Command{Use: "list", Short: "List users", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return s.withStore(cmd, func(db *store.DB) error {
			users, err := db.Users(cmd.Context())
			if err != nil {
				return err
			}
			for _, u := range users {
				off := ""
				if u.Disabled {
					off = "disabled"
				}
				fmt.Printf("%-20s %-12s %-20s %s\n", u.Login, u.Role, u.Name, off)
			}
			return nil
		})
	}}
	s.bind(cmd)
	return cmd
}
