// Package wxcrypt checks and opens what WeChat and WeCom post to us: their
// signatures, the encrypted envelope (WXBizMsgCrypt), and bodies that no XML
// or JSON decoder would take as they come. Official accounts, mini-programs
// and WeCom use the same algorithms; see
// https://developer.work.weixin.qq.com/document/path/90968.
package wxcrypt

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Why a callback is refused.
var (
	ErrSignature = errors.New("wechat: the signature is wrong")
	ErrCipher    = errors.New("wechat: the encrypted message cannot be opened")
	ErrReceiver  = errors.New("wechat: the message is for another account")
)

// block is what messages are padded to, 1 to 32 bytes; the cipher's own block
// has 16.
const block = 32

// Sign returns SHA-1, in hex, of the parts sorted bytewise and joined: token,
// timestamp and nonce for plain requests, with the base64 ciphertext as a
// fourth for encrypted ones.
func Sign(parts ...string) string {
	s := slices.Clone(parts)
	slices.Sort(s)
	h := sha1.Sum([]byte(strings.Join(s, "")))
	return hex.EncodeToString(h[:])
}

// Signed reports whether signature is that of the parts, in constant time.
func Signed(signature string, parts ...string) bool {
	return subtle.ConstantTimeCompare([]byte(Sign(parts...)), []byte(signature)) == 1
}

// Crypt opens and seals the messages of one account. Safe for concurrent use.
type Crypt struct {
	token    string
	receiver string
	keys     [][]byte // the first one seals
}

// New returns the crypt of an account. receiver is its appid or corpid. keys
// are EncodingAESKeys as the console shows them, 43 characters each: the
// current one, then the previous, which WeChat may use for a while after a
// change; empty ones are left out. A crypt without keys checks plain
// signatures only.
func New(token, receiver string, keys ...string) (*Crypt, error) {
	c := &Crypt{token: token, receiver: receiver}
	for _, k := range keys {
		if k == "" {
			continue
		}
		// The last character may carry bits that mean nothing, so not Strict.
		b, err := base64.StdEncoding.DecodeString(k + "=")
		if err != nil || len(b) != 32 {
			return nil, errors.New("wechat: an EncodingAESKey has 43 letters and digits")
		}
		c.keys = append(c.keys, b)
	}
	return c, nil
}

// Plain reports whether a request without encryption comes from WeChat. The
// signature does not cover the body.
func (c *Crypt) Plain(signature, timestamp, nonce string) bool {
	return Signed(signature, c.token, timestamp, nonce)
}

// Open checks msg_signature and returns what encrypt holds; encrypt is the
// Encrypt element of a body, or echostr when WeCom verifies the address.
// Errors are ErrSignature, ErrCipher and ErrReceiver.
func (c *Crypt) Open(signature, timestamp, nonce, encrypt string) ([]byte, error) {
	if encrypt = strings.TrimSpace(encrypt); !Signed(signature, c.token, timestamp, nonce, encrypt) {
		return nil, ErrSignature
	}
	raw, err := base64.StdEncoding.DecodeString(encrypt)
	if err != nil || len(raw) < block || len(raw)%block != 0 {
		return nil, ErrCipher
	}
	err = ErrCipher
	for _, key := range c.keys {
		msg, e := open(key, raw, c.receiver)
		if e == nil {
			return msg, nil
		}
		if e == ErrReceiver {
			err = e
		}
	}
	return nil, err
}

// open decrypts raw, whose length is a multiple of block. The plain text is
// random(16) | length(4, big endian) | message | receiver | padding.
func open(key, raw []byte, receiver string) ([]byte, error) {
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	p := make([]byte, len(raw))
	cipher.NewCBCDecrypter(b, key[:aes.BlockSize]).CryptBlocks(p, raw)
	n := int(p[len(p)-1])
	if n < 1 || n > block || n > len(p) {
		return nil, ErrCipher
	}
	for _, x := range p[len(p)-n:] {
		if int(x) != n {
			return nil, ErrCipher
		}
	}
	if p = p[:len(p)-n]; len(p) < 20 {
		return nil, ErrCipher
	}
	size := uint64(binary.BigEndian.Uint32(p[16:20]))
	if size > uint64(len(p)-20) {
		return nil, ErrCipher
	}
	msg, to := p[20:20+size], p[20+size:]
	if subtle.ConstantTimeCompare(to, []byte(receiver)) != 1 {
		return nil, ErrReceiver
	}
	return msg, nil
}

// Seal encrypts msg with the current key and signs it. random is 16 bytes,
// nil in production. It panics when the crypt has no key.
func (c *Crypt) Seal(random, msg []byte, timestamp, nonce string) (encrypt, signature string) {
	if random == nil {
		random = make([]byte, 16)
		rand.Read(random)
	}
	key := c.keys[0]
	b, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // New made it 32 bytes long
	}
	p := make([]byte, 0, 20+len(msg)+len(c.receiver)+block)
	p = append(p, random[:16]...)
	p = binary.BigEndian.AppendUint32(p, uint32(len(msg)))
	p = append(append(p, msg...), c.receiver...)
	n := block - len(p)%block
	for range n {
		p = append(p, byte(n))
	}
	cipher.NewCBCEncrypter(b, key[:aes.BlockSize]).CryptBlocks(p, p)
	encrypt = base64.StdEncoding.EncodeToString(p)
	return encrypt, Sign(c.token, timestamp, nonce, encrypt)
}

// maxSkew is how far a timestamp may be from our clock when the console
// verifies an address; messages are not held to it, since a retry keeps its
// first timestamp and queues may lag.
const maxSkew = 5 * time.Minute

// Fresh reports whether timestamp, seconds since 1970, is near now.
func Fresh(timestamp string, now time.Time) bool {
	s, err := strconv.ParseInt(timestamp, 10, 64)
	return err == nil && now.Sub(time.Unix(s, 0)).Abs() <= maxSkew
}
