package configs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zongji/configs"
)

func TestLoadTakesFileThenEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "z.yaml")
	if err := os.WriteFile(file, []byte("listen: 1.2.3.4:80\ndata: /x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"ZONGJI_DATA": "/y", "REDIS_URL": "redis://r:1/0", "ZONGJI_BLOB_SHARED": "true", "ZONGJI_SECRET": "0123456789abcdef"}
	c, err := configs.Load(file, func(k string) string { return env[k] })
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if c.Listen != "1.2.3.4:80" || c.Data != "/y" || c.Bus != "redis" || !c.Blob.Shared || c.DB != "/y/zongji.db" {
		t.Errorf("got %+v", c)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for _, tt := range []struct{ name, yaml, want string }{
		{"an unknown key", "lisen: x", "lisen"},
		{"a wrong bus", "bus: rabbit", "want redis, child or memory"},
		{"PostgreSQL without Redis", "db: postgres://h/d", "set redis_url"},
		{"several nodes with files of their own", "db: postgres://h/d\nredis_url: redis://r:1/0\nsecret: 0123456789abcdef", "blob.shared"},
		{"a short secret", "secret: abc", "at least 16"},
		{"a wrong address", "listen: here", "host:port"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "z.yaml")
			if err := os.WriteFile(file, []byte(tt.yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := configs.Load(file, func(string) string { return "" })
			if err == nil {
				err = c.Validate()
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want one that says %q", err, tt.want)
			}
		})
	}
}

func TestTheExampleLoads(t *testing.T) {
	c, err := configs.Load("zongji.example.yaml", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}
