package wechattest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// padTo is the block that WeChat pads to; AES itself needs 16 only.
const padTo = 32

// sign is WeChat's signature: the SHA-1 of the sorted and joined parts
// (token, timestamp, nonce, and the encrypted text where there is one).
func sign(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// decodeKey makes the 32 bytes of an EncodingAESKey's 43 characters. The last
// character carries two bits that mean nothing.
func decodeKey(s string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(s + "=")
	if err != nil || len(key) != 32 {
		return nil, errors.New("an EncodingAESKey has 43 characters of base64")
	}
	return key, nil
}

// seal encrypts msg for owner (appid or corpid). head is 16 random bytes; nil
// takes new ones.
func seal(key, head, msg []byte, owner string) (string, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	if head == nil {
		head = make([]byte, 16)
		_, _ = rand.Read(head) // never fails
	}
	plain := binary.BigEndian.AppendUint32(bytes.Clone(head), uint32(len(msg)))
	plain = append(append(plain, msg...), owner...)
	pad := padTo - len(plain)%padTo
	plain = append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, key[:aes.BlockSize]).CryptBlocks(plain, plain)
	return base64.StdEncoding.EncodeToString(plain), nil
}

// unseal is the way back; owner "" takes any.
func unseal(key []byte, sealed, owner string) (msg []byte, err error) {
	data, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return nil, fmt.Errorf("encrypted text: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 || len(data)%padTo != 0 {
		return nil, fmt.Errorf("encrypted text of %d bytes", len(data))
	}
	cipher.NewCBCDecrypter(block, key[:aes.BlockSize]).CryptBlocks(data, data)
	pad := int(data[len(data)-1])
	if pad < 1 || pad > padTo || !bytes.Equal(data[len(data)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, errors.New("wrong padding")
	}
	data = data[:len(data)-pad]
	if len(data) < 20 {
		return nil, errors.New("too short")
	}
	n := int64(binary.BigEndian.Uint32(data[16:20]))
	if n > int64(len(data)-20) {
		return nil, errors.New("wrong length")
	}
	msg, to := data[20:20+n], string(data[20+n:])
	if owner != "" && to != owner {
		return nil, fmt.Errorf("encrypted for %q, not for %q", to, owner)
	}
	return msg, nil
}
