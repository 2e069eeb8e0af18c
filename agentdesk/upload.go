package agentdesk

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"zongji/internal/zongji"
)

// uploadWait is how long one upload may take: 20 MiB at 90 kB/s.
const uploadWait = 4 * time.Minute

// formFile opens the part "file" of a multipart body as it comes in, so that
// nothing is buffered. The body may be as large as limit and a little.
func formFile(c *gin.Context, limit int64) (string, io.Reader, error) {
	rc := http.NewResponseController(c.Writer)
	if err := rc.SetReadDeadline(time.Now().Add(uploadWait)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return "", nil, err
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, limit+1<<20)
	mr, err := c.Request.MultipartReader()
	if err != nil {
		return "", nil, zongji.Errorf(zongji.Invalid, "bad_form", "send a multipart form with the part \"file\"")
	}
	for {
		part, err := mr.NextPart()
		if err != nil {
			return "", nil, tooLarge(zongji.Errorf(zongji.Invalid, "bad_form", "the form has no part \"file\""), limit)
		}
		if part.FormName() == "file" {
			return part.FileName(), part, nil
		}
	}
}

// tooLarge turns what MaxBytesReader and broken bodies say into errors that may
// be shown.
func tooLarge(err error, limit int64) error {
	var max *http.MaxBytesError
	switch {
	case errors.As(err, &max):
		return zongji.Errorf(zongji.TooLarge, "too_large", "the file is larger than %d MiB", limit>>20)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return zongji.Errorf(zongji.Invalid, "bad_form", "the upload ended before its end")
	}
	return err
}
