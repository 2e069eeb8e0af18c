package eml

import (
	"strings"
	"testing"
)

// by builds the reports of well-known servers about one recipient.
var by = map[string]func(status, words string) string{
	"dsn": func(status, words string) string { return dsn("failed", status, "smtp; "+words) },
	"postfix": func(status, words string) string {
		return "Return-Path: <>\nFrom: MAILER-DAEMON@mx.a.test (Mail Delivery System)\nTo: cs@x.test\nSubject: Undelivered Mail Returned to Sender\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nThis is the mail system at host mx.a.test.\n\nI'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients. It's attached below.\n\n                   The mail system\n\n<li@c.test>: " + words + "\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.a.test\n\nFinal-Recipient: rfc822; li@c.test\nAction: failed\nStatus: " + status + "\nDiagnostic-Code: X-Postfix; " + words + "\n\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <out.7@x.test>\nTo: li@c.test\nSubject: hi\n\nhello\n--b--\n"
	},
	"exim": func(_, words string) string {
		return "Return-Path: <>\nX-Failed-Recipients: li@c.test\nAuto-Submitted: auto-replied\nFrom: Mail Delivery System <Mailer-Daemon@mx.a.test>\nTo: cs@x.test\nSubject: Mail delivery failed: returning message to sender\n\nThis message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  li@c.test\n    " + words + "\n\n------ This is a copy of the message, including all the headers. ------\n\nReturn-path: <cs@x.test>\nMessage-ID: <out.7@x.test>\nTo: li@c.test\nSubject: hi\n\nhello\n"
	},
	"qmail": func(_, words string) string {
		return "Return-Path: <>\nFrom: MAILER-DAEMON@mx.a.test\nTo: cs@x.test\nSubject: failure notice\n\nHi. This is the qmail-send program at mx.a.test.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<li@c.test>:\n" + words + "\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <cs@x.test>\nMessage-ID: <out.7@x.test>\nTo: li@c.test\nSubject: hi\n\nhello\n"
	},
	"sendmail": func(status, words string) string {
		return "Return-Path: <MAILER-DAEMON>\nFrom: Mail Delivery Subsystem <MAILER-DAEMON@mx.a.test>\nTo: cs@x.test\nSubject: Returned mail: see transcript for details\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nThe original message was received at Mon, 2 Jun 2025 09:12:33 +0900\nfrom localhost [127.0.0.1]\n\n   ----- The following addresses had permanent fatal errors -----\n<li@c.test>\n\n   ----- Transcript of session follows -----\n" + words + "\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.a.test\nReceived-From-MTA: DNS; localhost\n\nFinal-Recipient: RFC822; li@c.test\nAction: failed\nStatus: " + status + "\nRemote-MTA: DNS; mx.c.test\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <out.7@x.test>\nTo: li@c.test\nSubject: hi\n\n--b--\n"
	},
	"prose": func(_, words string) string {
		return "Return-Path: <>\nFrom: postmaster@mx.a.test\nTo: cs@x.test\nSubject: Undeliverable: hi\n\n" + words + "\n"
	},
	"exchange": func(status, words string) string {
		return "Return-Path: <>\nFrom: <postmaster@c.test>\nTo: cs@x.test\nSubject: Undeliverable: hi\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nDelivery has failed to these recipients or groups:\n\nli@c.test<mailto:li@c.test>\nSomething went wrong with the message. Try again later or call the help desk.\n\nDiagnostic information for administrators:\n\nGenerating server: mx.c.test\n\nli@c.test\nRemote Server returned '" + words + "'\n\nOriginal message headers:\n\nReceived: from x.test by mx.c.test\nMessage-ID: <out.7@x.test>\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns;mx.c.test\n\nFinal-recipient: RFC822; li@c.test\nAction: failed\nStatus: " + status + "\nDiagnostic-code: smtp;" + words + "\n\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <out.7@x.test>\nTo: li@c.test\nSubject: hi\n\nhello\n--b--\n"
	},
}

// rcpt ends what Postfix tells of an answer to that command.
const rcpt = " (in reply to RCPT TO command)"

// TestServers reads what the servers of the world say, one recipient each.
func TestServers(t *testing.T) {
	var reasons, hards rate
	for _, tt := range []struct {
		by, status, words string
		reason            string
	}{
		// Exchange and Exchange Online
		{"exchange", "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient li@c.test not found by SMTP address lookup", "userunknown"},
		{"exchange", "5.1.1", "550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found", "userunknown"},
		{"exchange", "5.1.1", "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found", "userunknown"},
		{"exchange", "5.1.8", "550 5.1.8 Access denied, bad outbound sender AS(41812)", "rejected"},
		{"exchange", "5.2.2", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded", "mailboxfull"},
		{"exchange", "5.2.3", "550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient", "mesgtoobig"},
		{"exchange", "5.3.4", "552 5.3.4 Message size exceeds fixed maximum message size (36700160)", "mesgtoobig"},
		{"exchange", "5.4.14", "554 5.4.14 Hop count exceeded - possible mail loop ATTR34", "networkerror"},
		{"exchange", "5.4.6", "554 5.4.6 Hop count exceeded - possible mail loop", "networkerror"},
		{"exchange", "5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [MX1.prod.protection.outlook.com 2025-06-02]", "userunknown"},
		{"exchange", "5.7.1", "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required", "securityerror"},
		{"exchange", "5.7.1", "550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized", "rejected"},
		{"exchange", "5.7.133", "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed because the sender was not authenticated when sending to this group", "securityerror"},
		{"exchange", "5.7.64", "550 5.7.64 TenantAttribution; Relay Access Denied [MX2.prod.protection.outlook.com]", "norelaying"},
		{"exchange", "5.7.606", "550 5.7.606 Access denied, banned sending IP [192.0.2.25]. To request removal from this list please visit https://sender.office.com/", "blocked"},
		{"exchange", "5.7.501", "550 5.7.501 Service unavailable. Access denied, spam abuse detected from IP address", "spamdetected"},
		{"exchange", "5.7.509", "550 5.7.509 Access denied, sending domain X.TEST does not pass DMARC verification and has a DMARC policy of reject.", "authfailure"},
		{"exchange", "5.7.515", "550 5.7.515 Access denied, sending domain X.TEST doesn't meet the required authentication level.", "authfailure"},
		{"exchange", "5.4.7", "550 4.4.7 QUEUE.Expired; message expired", "expired"},
		{"exchange", "5.4.300", "550 5.4.300 Message expired -> 451 4.4.0 DNS query failed", "expired"},
		{"exchange", "5.4.316", "550 5.4.316 Message expired, connection refused(Socket error code 10061)", "expired"},
		{"exchange", "5.4.310", "550 5.4.310 DNS domain c.test does not exist [Message=InfoDomainNonexistent] [LastAttemptedServerName=c.test]", "hostunknown"},
		{"exchange", "5.4.4", "550 5.4.4 SMTPSEND.DNS.NonExistentDomain; nonexistent domain", "hostunknown"},
		{"exchange", "5.4.6", "554 5.4.6 SMTPSEND.DNS.MxLoopback; MX record points to this server", "networkerror"},
		{"exchange", "5.6.11", "550 5.6.11 SMTPSEND.BareLinefeedsAreIllegal; message contains bare linefeeds, which cannot be sent via DATA", "contenterror"},
		{"exchange", "5.5.3", "550 5.5.3 RESOLVER.ADR.RecipLimit; too many recipients", "toomanyconn"},
		{"exchange", "5.0.350", "550 5.0.350 Remote server returned an error -> 550 5.1.1 <li@c.test>: Recipient address rejected: User unknown in virtual mailbox table", "userunknown"},
		{"exchange", "5.7.23", "550 5.7.23 The message was rejected because of Sender Policy Framework violation -> 550 5.7.1 SPF fail", "authfailure"},
		{"exchange", "5.7.708", "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP", "blocked"},
		{"exchange", "5.7.703", "550 5.7.703 Your message can't be delivered because one or more recipients are blocked by your organization's tenant allow/block list", "policyviolation"},
		{"prose", "", "Your message\n\n  To:      li@c.test\n  Subject: hi\n  Sent:    Mon, 2 Jun 2025 09:12:33 +0900\n\ndid not reach the following recipient(s):\n\nli@c.test on Mon, 2 Jun 2025 09:12:40 +0900\n    The e-mail account does not exist at the organization this message was\nsent to.  Check the e-mail address, or contact the recipient directly to\nfind out the correct address.\n    <mx.c.test #5.1.1>", "userunknown"},
		{"prose", "", "Your message\n\n  To:      li@c.test\n  Subject: hi\n\ndid not reach the following recipient(s):\n\nli@c.test on Mon, 2 Jun 2025 09:12:40 +0900\n    The recipient name is not recognized\n\tThe MTS-ID of the original message is: c=jp;a= ;p=C;l=MX0206020912\n    MSEXCH:IMS:C:MX:MX01 0 (000C05A6) Unknown Recipient", "userunknown"},
		// Google
		{"dsn", "5.1.1", "550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos", "userunknown"},
		{"dsn", "5.2.2", "552-5.2.2 The email account that you tried to reach is over quota and inactive", "mailboxfull"},
		{"dsn", "4.2.1", "450-4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.", "speeding"},
		{"dsn", "5.2.1", "550 5.2.1 The email account that you tried to reach is disabled.", "suspend"},
		{"dsn", "5.2.1", "550 5.2.1 The email account that you tried to reach is inactive. For more information, go to", "suspend"},
		{"dsn", "5.7.1", "550-5.7.1 [192.0.2.25 12] Our system has detected that this message is likely unsolicited mail. To reduce the amount of spam sent to Gmail, this message has been blocked.", "spamdetected"},
		{"dsn", "5.7.25", "550-5.7.25 [192.0.2.25] The IP address sending this message does not have a PTR record setup, or the corresponding forward DNS entry does not point to the sending IP.", "requireptr"},
		{"dsn", "5.3.4", "552-5.3.4 Your message exceeded Google's message size limits.", "mesgtoobig"},
		{"dsn", "5.7.0", "552-5.7.0 This message was blocked because its content presents a potential security issue.", "securityerror"},
		{"dsn", "5.4.5", "550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to", "speeding"},
		{"dsn", "4.7.32", "421-4.7.32 Your email has been rate limited because the From: header (RFC5322) in this message isn't aligned with either the authenticated SPF or DKIM organizational domain.", "authfailure"},
		{"prose", "", "** Address not found **\n\nYour message wasn't delivered to li@c.test because the address couldn't be found, or is unable to receive mail.\n\nThe response from the remote server was:\n\n550 5.1.1 <li@c.test>: Recipient address rejected: User unknown", "userunknown"},
		{"prose", "", "** Message not delivered **\n\nThere was a problem delivering your message to li@c.test. See the technical details below.\n\nThe response was:\n\nDNS Error: DNS type 'mx' lookup of c.test responded with code NXDOMAIN Domain name not found: c.test", "hostunknown"},
		{"prose", "", "** Recipient inbox full **\n\nYour message couldn't be delivered to li@c.test. Their inbox is full, or it's getting too much mail right now.\n\nThe response from the remote server was:\n\n452 4.2.2 The email account that you tried to reach is over quota.", "mailboxfull"},
		// Exim
		{"exim", "", "Unrouteable address", "hostunknown"},
		{"exim", "", "unrouteable mail domain \"c.test\"", "hostunknown"},
		{"exim", "", "all relevant MX records point to non-existent hosts", "hostunknown"},
		{"exim", "", "an MX or SRV record indicated no SMTP service", "notaccept"},
		{"exim", "", "retry timeout exceeded", "expired"},
		{"exim", "", "retry time not reached for any host after a long failure period", "expired"},
		{"exim", "", "host mx.c.test [192.0.2.9]\n    SMTP error from remote mail server after RCPT TO:<li@c.test>:\n    550 5.1.1 User unknown", "userunknown"},
		{"exim", "", "host mx.c.test [192.0.2.9]\n    SMTP error from remote mail server after RCPT TO:<li@c.test>:\n    550 No Such User Here", "userunknown"},
		{"exim", "", "SMTP error from remote mail server after end of data:\n    host mx.c.test [192.0.2.9]: 550 User unknown", "filtered"},
		{"exim", "", "SMTP error from remote mail server after initial connection:\n    host mx.c.test [192.0.2.9]: 554 5.7.1 Client host rejected: bad reputation", "badreputation"},
		{"exim", "", "SMTP error from remote mail server after MAIL FROM:<cs@x.test> SIZE=1234:\n    host mx.c.test [192.0.2.9]: 553 5.1.8 <cs@x.test>... Domain of sender address does not exist", "rejected"},
		{"exim", "", "mailbox is full (MTA-imposed quota exceeded while writing to file /home/li/Maildir)", "mailboxfull"},
		{"exim", "", "local delivery failed", "systemerror"},
		{"exim", "", "message is too big (transport limit = 20971520)", "mesgtoobig"},
		{"exim", "", "Child process of address_pipe transport returned 127 (could not exec) from command:\n    /usr/local/bin/tool", "mailererror"},
		// qmail
		{"qmail", "", "Sorry, I couldn't find any host named c.test. (#5.1.2)", "hostunknown"},
		{"qmail", "", "192.0.2.9 does not like recipient.\nRemote host said: 550 5.1.1 <li@c.test>: Recipient address rejected: User unknown\nGiving up on 192.0.2.9.", "userunknown"},
		{"qmail", "", "Sorry, no mailbox here by that name. (#5.1.1)", "userunknown"},
		{"qmail", "", "Connected to 192.0.2.9 but sender was rejected.\nRemote host said: 553 5.7.1 <cs@x.test>: Sender address rejected: not owned by user", "rejected"},
		{"qmail", "", "192.0.2.9 failed after I sent the message.\nRemote host said: 554 5.7.1 Message rejected as spam by Content Filtering.", "spamdetected"},
		{"qmail", "", "192.0.2.9_does_not_like_recipient./Remote_host_said:_550_user_not_found", "userunknown"},
		{"qmail", "", "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)\nI'm not going to try again; this message has been in the queue too long.", "networkerror"},
		{"qmail", "", "Recipient's mailbox is full, message returned to sender. (#5.2.2)", "mailboxfull"},
		{"qmail", "", "This address no longer accepts mail.", "userunknown"},
		{"qmail", "", "Sorry. Although I'm listed as a best-preference MX or A for that host,\nit isn't in my control/locals file, so I don't treat it as local. (#5.4.6)", "networkerror"},
		// Postfix
		{"postfix", "5.1.1", "unknown user: \"li\"", "userunknown"},
		{"postfix", "5.0.0", "host mx.c.test[192.0.2.9] said: 550 <li@c.test>: User unknown" + rcpt, "userunknown"},
		{"postfix", "5.0.0", "host mx.c.test[192.0.2.9] said: 550 Requested action not taken: mailbox unavailable" + rcpt, "userunknown"},
		{"postfix", "5.0.0", "host mx.c.test[192.0.2.9] said: 550 Requested action not taken: mailbox unavailable (in reply to end of DATA command)", "filtered"},
		{"postfix", "5.4.4", "Host or domain name not found. Name service error for name=c.test type=AAAA: Host found but no data record of requested type", "hostunknown"},
		{"postfix", "5.4.6", "mail for c.test loops back to myself", "networkerror"},
		{"postfix", "5.7.1", "host mx.c.test[192.0.2.9] said: 554 5.7.1 <li@c.test>: Relay access denied" + rcpt, "norelaying"},
		{"postfix", "5.7.1", "host mx.c.test[192.0.2.9] said: 550 5.7.1 <cs@x.test>: Sender address rejected: Access denied (in reply to MAIL FROM command)", "rejected"},
		{"postfix", "5.7.1", "host mx.c.test[192.0.2.9] said: 550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using b.barracudacentral.org" + rcpt, "blocked"},
		{"postfix", "4.7.1", "host mx.c.test[192.0.2.9] said: 450 4.7.1 <li@c.test>: Recipient address rejected: Greylisted" + rcpt, "onhold"},
		{"postfix", "5.2.2", "cannot update mailbox /var/mail/li for user li. error writing message: File too large", "mailboxfull"},
		{"postfix", "4.4.2", "lost connection with mx.c.test[192.0.2.9] while sending end of data", "networkerror"},
		{"postfix", "4.4.2", "conversation with mx.c.test[192.0.2.9] timed out while receiving the initial server greeting", "networkerror"},
		{"postfix", "4.4.1", "connect to mx.c.test[192.0.2.9]:25: Connection refused", "networkerror"},
		{"postfix", "4.4.1", "connect to mx.c.test[192.0.2.9]:25: Connection timed out", "expired"},
		{"postfix", "5.7.4", "TLS is required, but was not offered by host mx.c.test[192.0.2.9]", "failedstarttls"},
		{"postfix", "5.3.4", "message size 30211234 exceeds size limit 20971520 of server mx.c.test[192.0.2.9]", "mesgtoobig"},
		{"postfix", "5.1.0", "Domain c.test does not accept mail (nullMX)", "notaccept"},
		{"postfix", "5.7.1", "host mx.c.test[192.0.2.9] said: 550 5.7.1 Unauthenticated email from x.test is not accepted due to domain's DMARC policy", "authfailure"},
		{"postfix", "5.7.0", "host mx.c.test[192.0.2.9] said: 550 5.7.0 Message contains malware (Win.Test.EICAR)" + " (in reply to end of DATA command)", "virusdetected"},
		{"postfix", "5.7.1", "host mx.c.test[192.0.2.9] said: 554 5.7.1 You have been blocked by the recipient" + rcpt, "filtered"},
		{"postfix", "5.5.0", "host mx.c.test[192.0.2.9] said: 550 5.5.0 Requested action not taken: mailbox unavailable" + rcpt, "userunknown"},
		{"postfix", "5.0.0", "host mx.c.test[192.0.2.9] said: 550 IP 192.0.2.1 is blocked by policy (in reply to EHLO command)", "blocked"},
		{"postfix", "5.0.0", "host mx.c.test[192.0.2.9] said: 550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)" + " (in reply to MAIL FROM command)", "blocked"},
		{"postfix", "5.0.0", "host mx.c.test[192.0.2.9] said: 550 too many bad commands (in reply to HELO command)", "blocked"},
		{"postfix", "5.2.0", "host mx.c.test[192.0.2.9] said: 550 5.2.0 Mail rejete. Mail rejected. ofr_506 [506] (in reply to end of DATA command)", "spamdetected"},
		{"postfix", "5.1.1", "host smtp.wanadoo.fr[192.0.2.9] said: 550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR204_418 [418]" + rcpt, "userunknown"},
		{"postfix", "4.0.0", "host smtp.orange.fr[192.0.2.9] refused to talk to me: 550 mwinf5c77 ME Service refuse. Veuillez essayer plus tard. Service refused, please try later. OFR_103 [103]", "blocked"},
		{"postfix", "5.7.1", "host mx01.mail.icloud.com[192.0.2.9] said: 554 5.7.1 [CS01] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137 (in reply to end of DATA command)", "policyviolation"},
		{"postfix", "5.7.1", "host mta5.am0.yahoodns.net[192.0.2.9] said: 553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list", "blocked"},
		{"postfix", "5.0.0", "host mta6.am0.yahoodns.net[192.0.2.9] said: 554 delivery error: dd Sorry your message to li@yahoo.test cannot be delivered. This account has been disabled or discontinued [#102]. - mta1 (in reply to end of DATA command)", "suspend"},
		{"postfix", "5.7.9", "host mta6.am0.yahoodns.net[192.0.2.9] said: 554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes (in reply to end of DATA command)", "policyviolation"},
		{"postfix", "5.7.1", "host mx-ha.gmx.net[192.0.2.9] refused to talk to me: 554-gmx.net (mxgmx016) Nemesis ESMTP Service not available 554-No SMTP service 554 IP address is block listed", "blocked"},
		{"postfix", "5.0.0", "host mx00.t-online.de[192.0.2.9] refused to talk to me: 554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.) (BL)", "blocked"},
		{"postfix", "5.1.0", "host cxr.mx.a.cloudfilter.net[192.0.2.9] said: 550 5.1.0 <cs@x.test> sender rejected. Refer to Error Codes section at https://www.cox.com/ for more information. AUP#CXSNDR" + " (in reply to MAIL FROM command)", "rejected"},
		{"postfix", "5.2.0", "host alph764.prodigy.net[192.0.2.9] said: 553 5.3.0 flph829 DNSBL:RBL 521< 192.0.2.1 >_is_blocked. For assistance forward this email to abuse_rbl@abuse-att.net (in reply to MAIL FROM command)", "blocked"},
		{"postfix", "5.0.0", "host mx1.comcast.net[192.0.2.9] said: 554 resimta-po-01v.sys.comcast.net 192.0.2.1 Comcast block for spam. Please see http://postmaster.comcast.net/smtp-error-codes.php#BL000001", "blocked"},
		{"postfix", "5.1.1", "host mx.yandex.ru[192.0.2.9] said: 550 5.7.1 No such user! (in reply to RCPT TO command)", "userunknown"},
		{"postfix", "5.0.0", "host mxs.mail.ru[192.0.2.9] said: 550 Message was not accepted -- invalid mailbox. Local mailbox li@mail.test is unavailable: user not found (in reply to end of DATA command)", "filtered"},
		{"postfix", "5.0.0", "host mxs.mail.ru[192.0.2.9] said: 550 spam message rejected. Please visit http://help.mail.ru/notspam-support/id?c=x (in reply to end of DATA command)", "spamdetected"},
		{"postfix", "5.0.0", "host mx3.qq.com[192.0.2.9] said: 550 Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022" + rcpt, "userunknown"},
		{"postfix", "5.0.0", "host mx3.qq.com[192.0.2.9] said: 550 Mail content denied. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000726 (in reply to end of DATA command)", "spamdetected"},
		{"postfix", "5.0.0", "host mx3.qq.com[192.0.2.9] said: 550 Ip frequency limited. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022 (in reply to end of DATA command)", "toomanyconn"},
		{"postfix", "5.0.0", "host mx3.qq.com[192.0.2.9] said: 550 Connection denied. http://service.mail.qq.com/ (in reply to MAIL FROM command)", "blocked"},
		{"postfix", "5.0.0", "host mx3.qq.com[192.0.2.9] said: 550 SPF check failed. http://service.mail.qq.com/ (in reply to end of DATA command)", "authfailure"},
		{"postfix", "5.0.0", "host 163mx01.mxmail.netease.com[192.0.2.9] said: 550 User not found: li@163.test" + rcpt, "userunknown"},
		{"postfix", "5.0.0", "host 163mx01.mxmail.netease.com[192.0.2.9] said: 554 DT:SPM 163 mx4,P8CowAB3,1 please see http://mail.163.com/help/help_spam_16.htm (in reply to end of DATA command)", "spamdetected"},
		{"postfix", "5.0.0", "host 163mx01.mxmail.netease.com[192.0.2.9] said: 550 MI:IMF mx33 please see http://mail.163.com/help/", "blocked"},
		{"postfix", "5.0.0", "host 163mx01.mxmail.netease.com[192.0.2.9] said: 550 User suspended li@163.test" + rcpt, "suspend"},
		{"postfix", "5.0.0", "host mx.sina.test[192.0.2.9] said: 553 Envolope sender mismatch with login user (in reply to MAIL FROM command)", "rejected"},
		{"postfix", "5.0.0", "host mx.aliyun.test[192.0.2.9] said: 554 Reject by behaviour spam at Rcpt State(Connection IP address:192.0.2.1)ANTISPAM_BAT" + rcpt, "spamdetected"},
		{"postfix", "5.0.0", "host mx.139.test[192.0.2.9] said: 550 5f1e2d Mail rejected (in reply to end of DATA command)", "onhold"},
		// Sendmail
		{"sendmail", "5.1.1", "... while talking to mx.c.test.:\n>>> DATA\n<<< 550 5.1.1 <li@c.test>... User Unknown\n550 5.1.1 <li@c.test>... User unknown\n<<< 503 5.0.0 Need RCPT (recipient)", "userunknown"},
		{"sendmail", "5.1.2", "550 5.1.2 <li@c.test>... Host unknown (Name server: c.test: host not found)", "hostunknown"},
		{"sendmail", "5.2.2", "... while talking to mx.c.test.:\n>>> RCPT To:<li@c.test>\n<<< 552 5.2.2 <li@c.test>... Mailbox full\n552 5.2.2 <li@c.test>... Service unavailable", "mailboxfull"},
		{"sendmail", "4.4.7", "<li@c.test>... Deferred: Connection timed out with mx.c.test.\nMessage could not be delivered for 5 days\nMessage will be deleted from queue", "expired"},
		{"sendmail", "5.3.0", "554 5.3.0 unknown mailer error 255", "mailererror"},
		{"sendmail", "5.7.1", "... while talking to mx.c.test.:\n>>> RCPT To:<li@c.test>\n<<< 550 5.7.1 <li@c.test>... Relaying denied. IP name lookup failed [192.0.2.1]\n550 5.7.1 <li@c.test>... Access denied", "norelaying"},
		{"sendmail", "5.6.0", "... while talking to mx.c.test.:\n>>> DATA\n<<< 554 5.6.0 Message with invalid header rejected\n501 5.6.0 Data format error", "contenterror"},
		{"sendmail", "5.4.6", "554 5.4.6 Too many hops 26 (25 max): from <cs@x.test> via mx.a.test, to <li@c.test>", "networkerror"},
		{"sendmail", "5.3.4", "... while talking to mx.c.test.:\n>>> MAIL From:<cs@x.test> SIZE=35882912\n<<< 552 5.3.4 Message size exceeds file system imposed limit\n554 5.0.0 Service unavailable", "mesgtoobig"},
		{"sendmail", "5.2.3", "... while talking to mx.c.test.:\n>>> RCPT To:<li@c.test>\n<<< 552 5.2.3 <li@c.test>... Message is larger than the user takes", "exceedlimit"},
		// others, in prose
		{"prose", "", "Unknown user: li@c.test", "userunknown"},
		{"prose", "", "User mailbox exceeds allowed size: li@c.test", "mailboxfull"},
		{"prose", "", "Delivery failed 20 attempts: li@c.test", "expired"},
		{"prose", "", "Your message\n\n  Subject: hi\n\nwas not delivered to:\n\n  li@c.test\n\nbecause:\n\n  User li (li@c.test) not listed in Domino Directory", "userunknown"},
		{"prose", "", "------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\nli@c.test\n\n------- Returned Message --------\n\nReceived: from x.test\n", "userunknown"},
		{"prose", "", "This report relates to a message you sent with the following header fields:\n\n  Message-id: <out.7@x.test>\n  From: cs@x.test\n  To: li@c.test\n  Subject: hi\n\nYour message cannot be delivered to the following recipients:\n\n  Recipient address: li@c.test\n  Reason: Remote SMTP server has rejected address\n  Diagnostic code: smtp;550 5.1.1 unknown or illegal alias: li@c.test\n  Remote system: dns;mx.c.test (TCP|192.0.2.1|42|192.0.2.9|25)", "userunknown"},
		{"prose", "", "This report relates to a message you sent with the following header fields:\n\n  Message-id: <out.7@x.test>\n\nYour message cannot be delivered to the following recipients:\n\n  Recipient address: li@c.test\n  Reason: Over quota", "mailboxfull"},
		{"prose", "", "   ----- The following addresses had delivery problems -----\n\nli@c.test\n\n   ----- Non-delivered information -----\nThe number of messages in recipient's mailbox exceeded the local limit.\n\nReceived: from x.test", "mailboxfull"},
		{"prose", "", "This is a delivery status notification from mx.a.test,\nrunning the Courier mail server, version 0.65.2.\n\nUNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<li@c.test>:\n    mx.c.test [192.0.2.9]:\n>>> RCPT TO:<li@c.test>\n<<< 550 5.1.1 <li@c.test>... User Unknown", "userunknown"},
		{"prose", "", "UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<li@c.test>:\n    DNS lookup failure: c.test: Domain does not exist.", "hostunknown"},
		{"prose", "", "Hi!\n\nThis is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\nAn error has occurred while attempting to deliver a message for\nthe following list of recipients:\n\nli@c.test: Destination seem to reject all mails: \"Connection timeout\"\n\nBelow is a copy of the original message:\n", "notaccept"},
		{"prose", "", "Hi!\n\nThis is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\nAn error has occurred while attempting to deliver a message for\nthe following list of recipients:\n\nli@c.test: 552 5.2.2 Mailbox full\n", "mailboxfull"},
		{"prose", "", "Your message could not be delivered to the following recipients:\n\nli@c.test\n\nbecause of\n\n550 5.7.1 Message rejected due to content restrictions", "securityerror"},
		{"prose", "", "Your message:\n  From: cs@x.test\n  Subject: hi\nCould not be delivered because of\n\n550 5.1.1 User unknown\n\nThe following recipients were affected:\n  li@c.test\n", "userunknown"},
		{"prose", "", "Could not deliver message to the following recipient(s):\n\nFailed Recipient: li@c.test\nReason: Remote host said: 550 <li@c.test> User unknown\n\n-- The header and top 20 lines of the message follows --\n\nReceived: from x.test", "filtered"},
		{"prose", "", "We had trouble delivering your message. Full details follow:\n\nSubject: 'hi'\nDate: Mon, 2 Jun 2025\n1 error(s):\n\nSMTP Server <mx.c.test> rejected recipient <li@c.test>\n  (Error following RCPT command). It responded as follows: [550 5.1.1 User unknown]", "userunknown"},
		{"prose", "", "亲爱的 cs@x.test：\n\n您的邮件被退回，原因如下：\n\n收件人：li@c.test\n退信原因：对方邮箱已被停用或冻结。", "suspend"},
		{"prose", "", "您的邮件未能送达以下收件人：\n\nli@c.test\n\n原因：邮件大小超出对方服务器的限制 (552 Message size exceeds limit)", "mesgtoobig"},
		{"prose", "", "尊敬的用户：您发送的邮件被退回。\n收件人地址：li@c.test\n失败原因：域名解析失败，找不到收件人所在的域名。", "hostunknown"},
		{"prose", "", "很遗憾，您的邮件没有投递成功。\n收件人：li@c.test\n退信原因：发信IP被对方服务器列入黑名单。", "blocked"},
		{"prose", "", "您的邮件投递失败。\n收件人：li@c.test\n原因：对方服务器认为这是垃圾邮件，拒绝接收。", "spamdetected"},
		{"prose", "", "您的邮件投递失败。\n收件人：li@c.test\n原因：收件人所在的企业邮箱帐号已满，无法接收新邮件。", "mailboxfull"},
		{"prose", "", "您的邮件投递失败。\n收件人：li@c.test\n原因：连接对方服务器超时，多次重试后放弃投递。", "expired"},
		{"prose", "", "您的邮件投递失败。\n收件人：li@c.test\n原因：您不在该收件人的白名单内，邮件被收件人拒收。", "filtered"},
		{"prose", "", "Diese Nachricht wurde automatisch erzeugt.\n\nIhre E-Mail konnte nicht zugestellt werden:\n\nli@c.test:\n550 5.1.1 Empfänger unbekannt", "userunknown"},
		{"prose", "", "以下のメールは宛先へお届けできませんでした。\n\n宛先: li@c.test\n理由: ユーザーが見つかりません。", "userunknown"},
		{"dsn", "5.1.1", "550 5.1.1 unknown or illegal alias: li@c.test", "userunknown"},
		{"dsn", "5.0.0", "550 #5.1.0 Address rejected.", "userunknown"},
		{"dsn", "5.1.0", "550 5.1.0 Address rejected li@c.test" + rcpt, "userunknown"},
		{"dsn", "5.0.0", "550 Administrative prohibition - envelope blocked - https://community.mimecast.com/docs/DOC-1369#550", "rejected"},
		{"dsn", "5.0.0", "550 Rejected by header based Anti-Spoofing policy: cs@x.test - https://community.mimecast.com/", "policyviolation"},
		{"dsn", "5.0.0", "550 Administrative prohibition - envelope blocked", "rejected"},
		{"dsn", "5.3.0", "553 5.3.0 <li@c.test>... Addressee unknown, relay=[192.0.2.1]", "userunknown"},
		{"dsn", "5.5.0", "550 5.5.0 Sender domain is empty", "rejected"},
		{"dsn", "5.7.1", "550 5.7.1 Our DMARC check failed for this message", "authfailure"},
		{"dsn", "5.0.0", "521 c.test does not accept mail", "notaccept"},
		{"dsn", "5.0.0", "556 c.test nullMX", "notaccept"},
		{"dsn", "5.0.0", "550 Requested action not taken: mailbox unavailable. The IP address of this server is on our block list (S3140). https://mail.live.com/mail/troubleshooting.aspx#errors", "blocked"},
		{"dsn", "5.7.1", "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150).", "blocked"},
		{"dsn", "5.0.0", "550 SC-001 (COL004-MC1F1) Unfortunately, messages from 192.0.2.1 weren't sent.", "blocked"},
		{"dsn", "5.0.0", "550 OU-002 (BAY004-MC1F1) Unfortunately, messages from 192.0.2.1 weren't sent. block list", "blocked"},
		{"dsn", "5.7.1", "554 5.7.1 The message was rejected because it contains prohibited virus or spam content", "virusdetected"},
		{"dsn", "5.7.1", "554 5.7.1 : HVU:B1 http://postmaster.info.aol.com/errors/554hvub1.html", "policyviolation"},
		{"dsn", "4.7.0", "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints", "blocked"},
		{"dsn", "5.7.1", "550 5.7.1 Message rejected due to low sender reputation", "badreputation"},
		{"dsn", "4.3.2", "453 4.3.2 System not accepting network messages", "notaccept"},
		{"dsn", "4.5.3", "452 4.5.3 Too many recipients", "toomanyconn"},
		{"dsn", "5.6.0", "554 5.6.0 Bare LF not allowed", "contenterror"},
		{"dsn", "5.5.2", "500 5.5.2 Error: bad syntax", "syntaxerror"},
	} {
		b, ok := Parse([]byte(by[tt.by](tt.status, tt.words)), Options{}).Bounce()
		hardWant := tt.reason == "userunknown" || tt.reason == "hostunknown" || tt.reason == "hasmoved" || tt.reason == "notaccept" && !strings.HasPrefix(tt.status, "4")
		good := ok && b.Reason == tt.reason && b.Recipient == "li@c.test"
		reasons.add(good)
		hards.add(ok && b.Hard == hardWant)
		if !good || b.Hard != hardWant {
			w := tt.words
			t.Errorf("%s %s %q:\n   got %v %s %s hard=%v, want %s", tt.by, tt.status, w[max(0, len(w)-170):], ok, b.Recipient, b.Reason, b.Hard, tt.reason)
		}
	}
	reasons.check(t, "reasons", 99)
	hards.check(t, "hard", 99)
}
