package channeltest_test

import (
	"context"
	"testing"

	"zongji/channels"
	"zongji/channels/channeltest"
	"zongji/internal/zongji"
)

func TestFakePassesTheSuite(t *testing.T) {
	channeltest.Run(t, func(t *testing.T, accept channels.Accept) (channels.Channel, channeltest.Outside) {
		f := channeltest.New("fake", nil)
		ch, err := f.Kind().Open(t.Context(), zongji.ChannelAccount{ID: 1, Kind: "fake", Name: "test"}, channels.Deps{Accept: accept})
		if err != nil {
			t.Fatal(err)
		}
		return ch, channeltest.Outside{
			Write: func(ctx context.Context, id, text string) error {
				_, err := f.WriteID(ctx, "visitor", id, text, "")
				return err
			},
			Out: func(text string) zongji.Outbound { return zongji.Outbound{ID: 1, Msg: zongji.Message{Text: text}} },
			Got: func() []string {
				var texts []string
				for _, out := range f.Sent() {
					texts = append(texts, out.Msg.Text)
				}
				return texts
			},
		}
	})
}
