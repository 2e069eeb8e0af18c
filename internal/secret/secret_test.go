package secret_test

import (
	"errors"
	"strings"
	"testing"

	"zongji/internal/secret"
)

func TestASealedTextOpensWithTheSameSecretOnly(t *testing.T) {
	a, err := secret.New("one secret of some length")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := secret.New("another secret of length")
	sealed := a.Seal("13800131111")
	if strings.Contains(sealed, "138") || sealed == a.Seal("13800131111") {
		t.Fatalf("sealed as %q", sealed)
	}
	if got, err := a.Open(sealed); err != nil || got != "13800131111" {
		t.Fatal(got, err)
	}
	for name, bad := range map[string]string{"cut": sealed[:len(sealed)-4], "plain": "13800131111", "no prefix": sealed[3:]} {
		if _, err := a.Open(bad); !errors.Is(err, secret.ErrOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.Open(sealed); !errors.Is(err, secret.ErrOpen) {
		t.Errorf("another secret: %v", err)
	}
	again := a.Blind("x")
	if a.Check() == b.Check() || a.Blind("x") == b.Blind("x") || a.Blind("x") != again {
		t.Error("check values and blind indexes must differ by secret only")
	}
}

func TestAShortSecretIsRefused(t *testing.T) {
	if _, err := secret.New("short"); err == nil {
		t.Fatal("accepted")
	}
}

func TestNothingStaysNothingAndANilSealerIsIdentity(t *testing.T) {
	var none *secret.Sealer
	a, _ := secret.New("one secret of some length")
	for _, s := range []*secret.Sealer{none, a} {
		if got, err := s.Open(s.Seal("")); got != "" || err != nil || s.Blind("") != "" {
			t.Fatal(got, err)
		}
	}
	if none.Seal("x") != "x" || none.Blind("x") != "x" {
		t.Fatal("a nil Sealer changed a text")
	}
}
