// Package secret seals what must not lie open in the database: customers'
// phone numbers and addresses, channels' secrets. One configured secret
// (ZONGJI_SECRET), the same on all nodes, gives the keys.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// minSecret is the least length of a secret in bytes.
const minSecret = 16

// prefix marks a sealed text and the way it was sealed.
const prefix = "s1:"

// ErrOpen says that a sealed text is damaged or was sealed with another
// secret.
var ErrOpen = errors.New("secret: sealed with another secret, or damaged")

// Sealer seals with AES-256-GCM and makes blind indexes with HMAC-SHA256. A
// nil Sealer leaves texts as they are, for tests. Safe for concurrent use.
type Sealer struct {
	aead  cipher.AEAD
	blind []byte
	check string
}

// New returns the Sealer of a secret of at least 16 bytes.
func New(secret string) (*Sealer, error) {
	if len(secret) < minSecret {
		return nil, fmt.Errorf("the secret has %d bytes: at least %d are needed", len(secret), minSecret)
	}
	key := func(use string) []byte {
		k, err := hkdf.Key(sha256.New, []byte(secret), nil, "zongji "+use, 32)
		if err != nil {
			panic(err) // 32 bytes are never too many
		}
		return k
	}
	block, err := aes.NewCipher(key("seal"))
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Sealer{aead: aead, blind: key("blind"), check: hex.EncodeToString(key("check")[:8])}, nil
}

// Check returns a value that tells secrets apart without telling the secret.
func (s *Sealer) Check() string {
	if s == nil {
		return "none"
	}
	return s.check
}

// Seal returns text sealed, with a nonce of its own each time; "" stays "".
func (s *Sealer) Seal(text string) string {
	if s == nil || text == "" {
		return text
	}
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(text)+s.aead.Overhead())
	_, _ = rand.Read(nonce) // never fails
	return prefix + base64.RawStdEncoding.EncodeToString(s.aead.Seal(nonce, nonce, []byte(text), nil))
}

// Open returns what Seal was given, or ErrOpen.
func (s *Sealer) Open(sealed string) (string, error) {
	if s == nil || sealed == "" {
		return sealed, nil
	}
	body, ok := strings.CutPrefix(sealed, prefix)
	raw, err := base64.RawStdEncoding.DecodeString(body)
	if n := s.aead.NonceSize(); ok && err == nil && len(raw) >= n {
		if text, err := s.aead.Open(nil, raw[:n], raw[n:], nil); err == nil {
			return string(text), nil
		}
	}
	return "", ErrOpen
}

// Blind returns a value by which equal texts are found without being read;
// "" stays "". It is never an access right.
func (s *Sealer) Blind(text string) string {
	if s == nil || text == "" {
		return text
	}
	h := hmac.New(sha256.New, s.blind)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil)[:16])
}
