package zongji

// FAQ is one entry of the knowledge base.
type FAQ struct {
	ID       int64    `json:"id"`
	Key      string   `json:"key,omitempty"` // id in a pack: "AS01"
	Category string   `json:"category"`
	Question string   `json:"question"`
	Similar  []string `json:"similar,omitempty"`
	Answer   string   `json:"answer"`
	Disabled bool     `json:"disabled,omitempty"`
	Updated  Ms       `json:"updated_at"`
	Hits     int64    `json:"hits"` // times answered
	Good     int64    `json:"good"` // 解决了
	Bad      int64    `json:"bad"`  // 没解决
}

// QuickReply is a text that agents insert by "/" and its shortcut.
type QuickReply struct {
	ID       int64  `json:"id"`
	Group    string `json:"group"`
	Shortcut string `json:"shortcut"` // without the slash
	Title    string `json:"title"`
	Text     string `json:"text"`            // with {variables}
	Owner    int64  `json:"owner,omitempty"` // 0: everybody's
}

// ChannelAccount is one configured channel.
type ChannelAccount struct {
	ID       int64             `json:"id"`
	Kind     string            `json:"kind"`
	Name     string            `json:"name"`
	Key      string            `json:"key"` // public: data-channel of the snippet, /c/{key}/
	Queue    int64             `json:"queue"`
	Bot      bool              `json:"bot"`
	Disabled bool              `json:"disabled,omitempty"`
	Settings map[string]string `json:"settings"`       // colours, texts, origins; see the kind's Form
	Secret   string            `json:"-"`              // opened secret that signs identities; never in JSON
	Secrets  map[string]string `json:"-"`              // opened values of the form's secret fields; never in JSON
	Have     []string          `json:"have,omitempty"` // keys of Secrets that are set
	Updated  Ms                `json:"updated_at"`
}
