package bench

import (
	"io"
	"testing"
)

func TestListsOfAThousand(t *testing.T) {
	res, err := List(t.Context(), ListConfig{Conversations: 1000, Reads: 8, Progress: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Views) != 5 || res.P99 <= 0 {
		t.Errorf("got %+v", res)
	}
}
