package webchat

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// rawClient is a websocket of almost no memory, for weighing the server.
type rawClient struct{ net.Conn }

// dialRaw connects and says hello.
func dialRaw(t *testing.T, url string) rawClient {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(2 * time.Minute))
	io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	var head []byte
	for b := make([]byte, 1); !strings.HasSuffix(string(head), "\r\n\r\n"); head = append(head, b[0]) {
		if _, err := conn.Read(b); err != nil {
			t.Fatal(err)
		}
	}
	c := rawClient{conn}
	c.send(t, `{"t":"hello","id":1}`)
	c.await(t, `"re":1,`)
	return c
}

// send writes a text frame, masked with zero.
func (c rawClient) send(t *testing.T, text string) {
	t.Helper()
	frame := []byte{0x81, 0x80 | 126, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(frame[2:], uint16(len(text)))
	if _, err := c.Write(append(frame, text...)); err != nil {
		t.Fatal(err)
	}
}

// await reads frames until one contains text.
func (c rawClient) await(t *testing.T, text string) {
	t.Helper()
	for {
		head := make([]byte, 4)
		if _, err := io.ReadFull(c, head[:2]); err != nil {
			t.Fatal(err)
		}
		n := int(head[1])
		if n == 126 {
			io.ReadFull(c, head[2:])
			n = int(binary.BigEndian.Uint16(head[2:]))
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(c, body); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(body), text) {
			return
		}
	}
}
