package zongji

import (
	"errors"
	"fmt"
)

// ErrorKind says what an error means to the caller. The zero kind is
// Internal: it is logged where it is handled and shows nothing outside.
type ErrorKind uint8

// The kinds of error that may be shown to whoever caused them.
const (
	Internal        ErrorKind = iota
	Invalid                   // the request is wrong and will stay wrong: 400/422
	Unauthenticated           // no session, or one that ended: 401, and only then
	Denied                    // known, but not allowed: 403
	NotFound                  // not there, or outside the caller's scope: 404
	Conflict                  // the state moved on, somebody else won: 409
	TooLarge                  // a body, file or frame over its limit: 413
	Busy                      // try again later: a limit or a part that is down: 429/503
)

// Error is an error with a kind and a stable code that screens translate.
type Error struct {
	Kind ErrorKind
	Code string // lower_snake_case, stable: part of docs/protocol.md
	Text string // English, for people; names what, where and what to do
	// Params are the figures that the words for Code take, by name.
	Params map[string]any
}

func (e *Error) Error() string { return e.Text }

// Errorf returns an error that may be shown to the caller. code is a stable
// lower_snake_case word such as "offer_taken".
func Errorf(kind ErrorKind, code, format string, args ...any) error {
	return &Error{Kind: kind, Code: code, Text: fmt.Sprintf(format, args...)}
}

// KindOf returns the kind of err, Internal when it carries none.
func KindOf(err error) ErrorKind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the code of err, "internal" when it carries none.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return "internal"
}

// ParamsOf returns the figures of err, nil when it carries none.
func ParamsOf(err error) map[string]any {
	var e *Error
	if errors.As(err, &e) {
		return e.Params
	}
	return nil
}
