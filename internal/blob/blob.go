// Package blob keeps attachments in a local folder. What a file is, its
// content says, never its name; names are cleaned; whoever downloads gets
// headers with which no content can act on the site.
package blob

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"zongji/channels"
	"zongji/internal/zongji"
)

// Store is where the rows of files lie.
type Store interface {
	// PutFile stores the row of a file that lies under key; its link carries
	// token. It fills f.ID.
	PutFile(ctx context.Context, f zongji.File, token, key string) (zongji.File, error)
	FileByToken(ctx context.Context, token string) (f zongji.File, key string, err error)
}

// Blobs is a folder of files. Safe for concurrent use.
type Blobs struct {
	dir   string
	store Store
}

var _ channels.Blobs = (*Blobs)(nil)

// Open makes the folder when it is missing.
func Open(dir string, store Store) (*Blobs, error) {
	tmp := filepath.Join(dir, "tmp")
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return nil, fmt.Errorf("folder of files: %w", err)
	}
	if err := sweep(tmp); err != nil {
		return nil, fmt.Errorf("folder of files: %w", err)
	}
	return &Blobs{dir: dir, store: store}, nil
}

// sweep removes what uploads left that their process did not survive. Other
// nodes may be writing theirs.
func sweep(tmp string) error {
	list, err := os.ReadDir(tmp)
	if err != nil {
		return err
	}
	for _, e := range list {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > staleAfter {
			_ = os.Remove(filepath.Join(tmp, e.Name())) // another node may have been faster
		}
	}
	return nil
}

const (
	// staleAfter is more than any upload may take.
	staleAfter = time.Hour
	// reserve is the part of the disk that uploads leave to messages: 1/50.
	reserve = 50
)

// Put stores at most limit bytes; see PutBy.
func (b *Blobs) Put(ctx context.Context, name string, r io.Reader, limit int64) (zongji.File, error) {
	return b.PutBy(ctx, 0, name, r, limit)
}

// PutBy stores at most limit bytes of a user, 0 = a customer. When it returns nil the file is on disk
// (fsync) and in the database.
func (b *Blobs) PutBy(ctx context.Context, user int64, name string, r io.Reader, limit int64) (zongji.File, error) {
	return b.put(ctx, zongji.File{Name: name, By: user}, r, limit)
}

// PutRaw stores at most limit bytes as they are, whatever they are. A type that
// is not shown in place is only ever downloaded; see Harmless.
func (b *Blobs) PutRaw(ctx context.Context, name, mediaType string, r io.Reader, limit int64) (zongji.File, error) {
	if inline[mediaType] {
		return zongji.File{}, zongji.Errorf(zongji.Invalid, "type_not_allowed", "a file that was not looked at is not shown in place")
	}
	return b.put(ctx, zongji.File{Name: name, Type: mediaType}, r, limit)
}

// put stores f, whose type it finds when it has none.
func (b *Blobs) put(ctx context.Context, f zongji.File, r io.Reader, limit int64) (zongji.File, error) {
	if free, total, err := b.Free(); err == nil && free < total/reserve {
		return zongji.File{}, zongji.Errorf(zongji.Busy, "disk_full", "there is no room for files: try again later")
	}
	tmp, err := os.CreateTemp(filepath.Join(b.dir, "tmp"), "put-*")
	if err != nil {
		return zongji.File{}, fmt.Errorf("store file: %w", err)
	}
	defer os.Remove(tmp.Name()) // gone already when it was kept
	defer tmp.Close()
	if f.Size, err = io.Copy(tmp, io.LimitReader(r, limit+1)); err != nil {
		return zongji.File{}, fmt.Errorf("store file: %w", err)
	}
	if f.Size > limit {
		return zongji.File{}, zongji.Errorf(zongji.TooLarge, "too_large", "the file is larger than %d MiB", limit>>20)
	}
	if f.Type == "" {
		if f.Type, err = sniff(tmp, f.Size, f.Name); err != nil {
			return zongji.File{}, err
		}
		f.W, f.H = imageSize(tmp, f.Type)
	}
	f.Name = CleanName(f.Name, f.Type)
	key, token := random(), random()
	if err := b.keep(tmp, key); err != nil {
		return zongji.File{}, fmt.Errorf("store file: %w", err)
	}
	f.URL = "/f/" + token + "/" + url.PathEscape(f.Name)
	stored, err := b.store.PutFile(ctx, f, token, key)
	if err != nil {
		_ = os.Remove(b.path(key)) // without a row nobody can find it
		return zongji.File{}, err
	}
	return stored, nil
}

// keep makes a temporary file lasting under its key.
func (b *Blobs) keep(tmp *os.File, key string) error {
	if err := tmp.Sync(); err != nil {
		return err
	}
	folder := filepath.Dir(b.path(key))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), b.path(key)); err != nil {
		return err
	}
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// path of a key: two levels, so that no folder grows without end.
func (b *Blobs) path(key string) string { return filepath.Join(b.dir, key[:2], key) }

// ByToken returns a stored file by the token of its link.
func (b *Blobs) ByToken(ctx context.Context, token string) (zongji.File, error) {
	f, _, err := b.store.FileByToken(ctx, token)
	return f, err
}

// Open reads a stored file; a NotFound error when it is gone.
func (b *Blobs) Open(ctx context.Context, f zongji.File) (io.ReadCloser, error) {
	token, _, _ := strings.Cut(strings.TrimPrefix(f.URL, "/f/"), "/")
	_, key, err := b.store.FileByToken(ctx, token)
	if err != nil {
		return nil, err
	}
	src, err := os.Open(b.path(key))
	if errors.Is(err, os.ErrNotExist) {
		return nil, errGone
	}
	return src, err
}

var errGone = zongji.Errorf(zongji.NotFound, "no_file", "no such file")

// Serve writes a file with ranges and headers that keep it from acting.
func (b *Blobs) Serve(w http.ResponseWriter, r *http.Request, token string) error {
	if len(token) != 32 {
		return errGone
	}
	f, key, err := b.store.FileByToken(r.Context(), token)
	if err != nil {
		return err
	}
	src, err := os.Open(b.path(key))
	if errors.Is(err, os.ErrNotExist) {
		return errGone
	} else if err != nil {
		return fmt.Errorf("open file: %w", err)
	}
	defer src.Close()
	Harmless(w.Header(), f.Name, f.Type)
	w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	w.Header().Set("ETag", `"`+key+`"`)
	http.ServeContent(w, r, "", time.Time{}, src)
	return nil
}

// Harmless sets the headers of a download whose content comes from outside.
func Harmless(h http.Header, name, mediaType string) {
	how := "attachment"
	if inline[mediaType] {
		how = "inline"
	}
	if mediaType == typeText || mediaType == typeCSV {
		mediaType += "; charset=utf-8"
	}
	h.Set("Content-Type", mediaType)
	h.Set("Content-Disposition", mime.FormatMediaType(how, map[string]string{"filename": name}))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // the widget shows pictures on other sites
}

// Free returns how many bytes of how many are left on the disk.
func (b *Blobs) Free() (free, total int64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(b.dir, &st); err != nil {
		return 0, 0, fmt.Errorf("disk: %w", err)
	}
	return int64(st.Bavail) * int64(st.Bsize), int64(st.Blocks) * int64(st.Bsize), nil
}

// imageSize returns the pixels of an image, zeros for what is none or whose
// head cannot be read.
func imageSize(r io.ReaderAt, mediaType string) (w, h int) {
	if !strings.HasPrefix(mediaType, "image/") {
		return 0, 0
	}
	if mediaType == typeWebP {
		return webpSize(r)
	}
	c, _, err := image.DecodeConfig(io.NewSectionReader(r, 0, zongji.MaxFile))
	if err != nil {
		return 0, 0
	}
	return c.Width, c.Height
}

// webpSize reads the first chunk of a WebP file; see RFC 9649 §2.5–2.7.
func webpSize(r io.ReaderAt) (w, h int) {
	b := make([]byte, 30)
	if n, _ := r.ReadAt(b, 0); n < len(b) {
		return 0, 0
	}
	switch string(b[12:16]) {
	case "VP8 ":
		return int(b[26]) | int(b[27]&0x3F)<<8, int(b[28]) | int(b[29]&0x3F)<<8
	case "VP8L":
		bits := binary.LittleEndian.Uint32(b[21:])
		return int(bits&0x3FFF) + 1, int(bits>>14&0x3FFF) + 1
	case "VP8X":
		return (int(b[24]) | int(b[25])<<8 | int(b[26])<<16) + 1, (int(b[27]) | int(b[28])<<8 | int(b[29])<<16) + 1
	}
	return 0, 0
}

func random() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}
