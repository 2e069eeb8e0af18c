package eml

import "cmp"

// Sent counts what a decision about an automatic mail depends on; the caller
// keeps the books.
type Sent struct {
	Acks     int // acknowledgements already in this thread
	LastHour int // automatic mails to this sender in the past hour, all threads
	Received int // mails from this sender in the past ten minutes, with this one
}

// Limits bound automatic mails; zero fields are the defaults.
type Limits struct {
	PerHour int // automatic mails to one sender; 3
	Burst   int // mails from one sender in ten minutes beyond which he is held; 20
}

// Why no automatic mail is sent.
const (
	WhyMachine = "machine" // the mail was not written by a person
	WhyAcked   = "acked"   // this thread has had its acknowledgement
	WhyHourly  = "hourly"  // the sender has had enough for this hour
	WhyBurst   = "burst"   // he writes faster than people do: hold, and tell the operator
)

// MayAck decides whether a mail of class c may be acknowledged; why says what
// speaks against it. Two machines that answer each other end here.
func MayAck(c Class, n Sent, l Limits) (ok bool, why string) {
	switch {
	case n.Received > cmp.Or(l.Burst, 20):
		return false, WhyBurst
	case !c.MayAutoReply():
		return false, WhyMachine
	case n.Acks > 0:
		return false, WhyAcked
	case n.LastHour >= cmp.Or(l.PerHour, 3):
		return false, WhyHourly
	}
	return true, ""
}
