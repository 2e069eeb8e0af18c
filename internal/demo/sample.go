package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"io/fs"
	"log/slog"
	"path/filepath"

	"zongji/configs"
	packfiles "zongji/configs/packs"
	"zongji/internal/app"
	"zongji/internal/auth"
	"zongji/internal/packs"
	"zongji/internal/store"
	"zongji/internal/zongji"
)

// Sample returns the demo department.
func Sample() (*packs.Pack, error) {
	dir, err := fs.Sub(packfiles.Files, "after-sales")
	if err != nil {
		return nil, err
	}
	return packs.Read(dir)
}

// Recorded returns the pack's recorded customers.
func Recorded(p *packs.Pack) ([]Customer, error) { return Parse(bytes.NewReader(p.Customers)) }

// install loads the pack into the folder's database, once, and gives its
// users passwords, which stay the same over restarts of the demo. The
// sample shop gets a secret, so that its server could say who customers are;
// accounts are its other channels.
func install(ctx context.Context, cfg configs.Config, p *packs.Pack, accounts []zongji.ChannelAccount, log *slog.Logger) ([]Login, error) {
	path := filepath.Join(cfg.Data, "demo-logins.json")
	db, err := app.OpenStore(ctx, cfg, log, nil)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if err := p.Load(ctx, db); err != nil {
		return nil, err
	}
	shop, err := db.ChannelByKey(ctx, p.Channel.Key)
	if err == nil && shop.Secret == "" {
		err = db.SetChannelSecret(ctx, shop.ID, rand.Text())
	}
	if err != nil {
		return nil, err
	}
	if err := connect(ctx, db, shop.Queue, accounts); err != nil {
		return nil, err
	}
	if logins, err := readLogins(path); err == nil {
		return logins, nil
	}
	logins, err := passwords(ctx, db)
	if err != nil {
		return nil, err
	}
	return logins, writeLogins(path, logins)
}

// shopSecret reads the secret of a channel, which an admin may have changed.
func shopSecret(ctx context.Context, cfg configs.Config, channel string, log *slog.Logger) (string, error) {
	db, err := app.OpenStore(ctx, cfg, log, nil)
	if err != nil {
		return "", err
	}
	defer db.Close()
	shop, err := db.ChannelByKey(ctx, channel)
	return shop.Secret, err
}

// passwords gives every user a new password.
func passwords(ctx context.Context, db *store.DB) ([]Login, error) {
	teams, err := db.Teams(ctx)
	if err != nil {
		return nil, err
	}
	name := map[int64]string{}
	for _, t := range teams {
		name[t.ID] = t.Name
	}
	users, err := db.Users(ctx)
	if err != nil {
		return nil, err
	}
	var logins []Login
	for _, u := range users {
		pw := auth.NewPassword()
		if err := db.SetPassword(ctx, u.ID, auth.Hash(pw)); err != nil {
			return nil, err
		}
		logins = append(logins, Login{Login: u.Login, Name: u.Name, Role: string(u.Role), Team: name[u.Team], Password: pw})
	}
	return logins, nil
}

// seats returns the logins that scripted agents sit on.
func seats(logins []Login) (out []Seat) {
	for _, l := range logins {
		if l.Role == string(zongji.RoleAgent) {
			out = append(out, Seat{l.Login, l.Password})
		}
	}
	return out
}
