package channels

// MailForm is what the product itself asks of an account whose messages are
// mails, beside what its adapter needs.
func MailForm() []Field {
	return []Field{
		{Key: "units", Type: "number", Max: 3},
		{Key: "undo_s", Type: "number", Default: "10", Max: 3},
		{Key: "ack", Type: "select", Default: "on", Options: []string{"on", "off"}},
		{Key: "ack_text", Type: "area", Max: 2000},
		{Key: "hours_text", Type: "area", Max: 2000},
	}
}
