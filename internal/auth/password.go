package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"zongji/internal/zongji"
)

// Cost of one password check: argon2id with the second recommended option of
// RFC 9106 §4 cut to 19 MiB and 2 passes (OWASP Password Storage Cheat Sheet),
// so that a login storm on a small machine stays within memory.
const (
	argonTime   = 2
	argonMemory = 19 << 10 // KiB
	argonLanes  = 1
	argonKey    = 32 // bytes
	argonSalt   = 16 // bytes
	// minPassword and maxPassword are characters; the upper one only keeps
	// hashing cheap.
	minPassword = 8
	maxPassword = 128
)

// Hash returns the PHC string of a password with a fresh salt.
func Hash(password string) string {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails, see crypto/rand
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, argonKey)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

// Check reports whether password belongs to a hash that Hash made. The cost is
// read from the hash, so that it may be raised later.
func Check(hash, password string) bool {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	var version int
	var memory, passes uint32
	var lanes uint8
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil || passes == 0 || lanes == 0 {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) == 0 {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, passes, memory, lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}

// passwordAlphabet has no characters that are mistaken for each other.
const passwordAlphabet = "abcdefghijkmnpqrstuvwxyz23456789"

// NewPassword returns a random password of 12 characters: 60 bits.
func NewPassword() string {
	b := make([]byte, 12)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = passwordAlphabet[int(b[i])%len(passwordAlphabet)]
	}
	return string(b)
}

// CheckStrength refuses passwords that are too short, too long or the login.
func CheckStrength(login, password string) error {
	switch n := utf8.RuneCountInString(password); {
	case n < minPassword:
		return zongji.Errorf(zongji.Invalid, "weak_password", "the password has %d characters: at least %d are needed", n, minPassword)
	case n > maxPassword:
		return zongji.Errorf(zongji.Invalid, "weak_password", "the password has %d characters: at most %d are allowed", n, maxPassword)
	case strings.EqualFold(login, password):
		return zongji.Errorf(zongji.Invalid, "weak_password", "the password must differ from the login")
	}
	return nil
}

// NewToken returns 128 random bits in hex: a session, a visitor, a file link.
func NewToken() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// TokenHash is what is stored of a token: whoever reads the database holds no
// session.
func TokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
