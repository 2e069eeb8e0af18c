package wxapi

import (
	"bytes"
	"time"
)

// frames are the bytes of an AMR frame after its first, by its type; see RFC
// 4867 §5.3.
var (
	narrow = [16]int{12, 13, 15, 17, 19, 20, 26, 31, 5}
	wide   = [16]int{17, 23, 32, 36, 40, 46, 50, 58, 60, 5}
)

// VoiceLength is how long a voice in AMR lasts, 0 for what is none: each frame is
// 20 ms.
func VoiceLength(b []byte) time.Duration {
	sizes := narrow
	rest, ok := bytes.CutPrefix(b, []byte("#!AMR\n"))
	if !ok {
		if rest, ok = bytes.CutPrefix(b, []byte("#!AMR-WB\n")); !ok {
			return 0
		}
		sizes = wide
	}
	n := 0
	for len(rest) > 0 {
		size := 1 + sizes[rest[0]>>3&0xF]
		if size > len(rest) {
			break
		}
		rest = rest[size:]
		n++
	}
	return time.Duration(n) * 20 * time.Millisecond
}
