package testenv

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"
)

// MailPassword is the password of every user of the mail servers; any name is
// a user.
const MailPassword = "secret"

// DovecotServer is a Dovecot that a test owns. A user u has the maildir
// Dir/mail/u, and takes mails to u@anything, u+anything@anything.
type DovecotServer struct {
	Dir               string
	IMAP, IMAPS, LMTP int    // ports on 127.0.0.1
	SASL              int    // where Postfix asks for passwords
	CA                string // PEM of the certificate of "localhost" and 127.0.0.1
	bin               string
	stop              func()
}

// PostfixServer is a Postfix that a test owns. It hands every mail to the
// Dovecot, but: nosuch@ is refused (550 5.1.1), greylist@ 451, full@ 452,
// bounce@ is taken and bounced, slow@ stays in the queue.
type PostfixServer struct {
	Plain      int // port without login, STARTTLS offered
	Submission int // port that wants STARTTLS and a login
	Domain     string
}

var dovecotConf = template.Must(template.New("dovecot").Parse(`base_dir = {{.Dir}}/run
state_dir = {{.Dir}}/state
instance_name = zongji-test
log_path = {{.Dir}}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
default_internal_user = {{.Internal}}
default_internal_group = {{.InternalGroup}}
default_login_user = {{.Login}}
first_valid_uid = {{.MinUID}}
mail_uid = {{.User}}
mail_gid = {{.Group}}
mail_location = maildir:{{.Dir}}/mail/%n:INBOX={{.Dir}}/mail/%n
mail_plugins = quota
mail_fsync = never
ssl = yes
ssl_cert = <{{.Dir}}/tls.crt
ssl_key = <{{.Dir}}/tls.key
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
login_trusted_networks = 127.0.0.0/8
passdb {
  driver = static
  args = password=` + MailPassword + `
}
userdb {
  driver = static
  args = uid={{.User}} gid={{.Group}} home={{.Dir}}/mail/%n allow_all_users=yes
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    special_use = \Sent
    auto = create
  }
  mailbox Done {
    auto = create
  }
}
plugin {
  quota = maildir:quota
  quota_rule = *:storage=1G
}
mail_max_userip_connections = 50
protocol imap {
  mail_plugins = quota imap_quota
}
protocol lmtp {
  postmaster_address = postmaster@localhost
}
recipient_delimiter = +
service imap-login {
  chroot =
  inet_listener imap {
    port = {{.IMAP}}
  }
  inet_listener imaps {
    port = {{.IMAPS}}
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = {{.LMTP}}
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
service auth {
  unix_listener auth-userdb {
    mode = 0666
  }
  inet_listener sasl {
    address = 127.0.0.1
    port = {{.SASL}}
  }
}
service auth-worker {
  user = {{.Worker}}
}
`))

// Dovecot starts a Dovecot on loopback and stops it after the test. It needs no
// root.
func Dovecot(t testing.TB) *DovecotServer {
	t.Helper()
	bin, err := exec.LookPath("dovecot")
	if err != nil {
		bin = newest("/usr/sbin/dovecot")
	}
	if bin == "" {
		Missing(t, "dovecot (packages dovecot-imapd and dovecot-lmtpd)")
	}
	dir, err := os.MkdirTemp("", "zjmail") // not TempDir: other users go in, and sockets want short paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &DovecotServer{Dir: dir, bin: bin}
	for _, p := range []*int{&s.IMAP, &s.IMAPS, &s.LMTP, &s.SASL} {
		*p = FreePort(t)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		t.Fatal(err)
	}
	set := struct {
		*DovecotServer
		Internal, InternalGroup, Login, User, Group, Worker string
		MinUID                                              string
	}{s, me.Username, group.Name, me.Username, me.Username, group.Name, me.Username, me.Uid}
	if os.Getuid() == 0 {
		set.Internal, set.InternalGroup, set.Login, set.User, set.Group, set.Worker, set.MinUID = "dovecot", "dovecot", "dovenull", "mail", "mail", "root", "8"
	}
	var conf bytes.Buffer
	if err := dovecotConf.Execute(&conf, set); err != nil {
		t.Fatal(err)
	}
	cert, key := certificate(t)
	s.CA = string(cert)
	for name, content := range map[string][]byte{"dovecot.conf": conf.Bytes(), "tls.crt": cert, "tls.key": key} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "mail"), 0o755); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		own(t, filepath.Join(dir, "mail"), "mail")
	}
	s.Start(t)
	t.Cleanup(s.Stop)
	return s
}

// Start starts the server again after Stop.
func (s *DovecotServer) Start(t testing.TB) {
	t.Helper()
	stop, err := start(exec.Command(s.bin, "-F", "-c", filepath.Join(s.Dir, "dovecot.conf")), syscall.SIGTERM)
	if err != nil {
		t.Fatal(err)
	}
	s.stop = stop
	if !listens(s.IMAP) || !listens(s.LMTP) {
		log, _ := os.ReadFile(filepath.Join(s.Dir, "dovecot.log"))
		t.Fatalf("dovecot did not start: %s", log)
	}
}

// Stop ends the server with all its connections.
func (s *DovecotServer) Stop() {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
}

// Deliver hands mails to a user over one LMTP connection, as a mail server does.
func (s *DovecotServer) Deliver(t testing.TB, to string, mails ...string) {
	t.Helper()
	c, err := textproto.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.LMTP)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	say := func(code int, format string, args ...any) {
		if format != "" {
			if err := c.PrintfLine(format, args...); err != nil {
				t.Fatal(err)
			}
		}
		if _, msg, err := c.ReadResponse(code); err != nil {
			t.Fatalf("lmtp %q: %v %s", format, err, msg)
		}
	}
	say(220, "")
	say(250, "LHLO test")
	for _, m := range mails {
		say(250, "MAIL FROM:<sender@example.test>")
		say(250, "RCPT TO:<%s>", to)
		say(354, "DATA")
		w := c.DotWriter()
		if _, err := w.Write([]byte(m)); err != nil {
			t.Fatal(err)
		}
		w.Close()
		say(250, "")
	}
	say(221, "QUIT")
}

// Fill puts mails into a user's mailbox as files, which is much faster than to
// deliver them. The server numbers them in an order of its own.
func (s *DovecotServer) Fill(t testing.TB, name string, mails ...string) {
	t.Helper()
	for _, sub := range []string{"", "/new", "/cur", "/tmp"} {
		dir := filepath.Join(s.Dir, "mail", name) + sub
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if os.Getuid() == 0 {
			own(t, dir, "mail")
		}
	}
	for i, m := range mails {
		path := filepath.Join(s.Dir, "mail", name, "new", fmt.Sprintf("%d.M%06dP1.test", 1700000000+i, i))
		if err := os.WriteFile(path, []byte(m), 0o644); err != nil {
			t.Fatal(err)
		}
		if os.Getuid() == 0 {
			own(t, path, "mail")
		}
	}
}

// Forget makes the server number a user's mails anew, as after a restored
// backup: UIDVALIDITY changes.
func (s *DovecotServer) Forget(t testing.TB, user string) {
	t.Helper()
	s.Stop()
	found, _ := filepath.Glob(filepath.Join(s.Dir, "mail", user, "dovecot*"))
	for _, p := range found {
		os.Remove(p)
	}
	time.Sleep(1100 * time.Millisecond) // UIDVALIDITY is made of the time in seconds
	s.Start(t)
}

var postfixConf = template.Must(template.New("postfix").Parse(`compatibility_level = 3.6
queue_directory = {{.Dir}}/queue
data_directory = {{.Dir}}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = {{.Dir}}
maillog_file = {{.Dir}}/postfix.log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.{{.Domain}}
mydomain = {{.Domain}}
mydestination =
mynetworks = 127.0.0.0/8
local_transport = error:no local delivery
alias_maps =
virtual_mailbox_domains = regexp:{ {/./ OK} }
virtual_mailbox_maps = regexp:{ {/./ OK} }
virtual_transport = lmtp:inet:127.0.0.1:{{.LMTP}}
transport_maps = regexp:{{.Dir}}/conf/transport
recipient_delimiter = +
message_size_limit = 26214400
mailbox_size_limit = 0
smtpd_tls_security_level = may
smtpd_tls_cert_file = {{.Dir}}/tls.crt
smtpd_tls_key_file = {{.Dir}}/tls.key
smtpd_recipient_restrictions = check_recipient_access regexp:{{.Dir}}/conf/rcpt, permit
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{{.SASL}}
smtpd_tls_auth_only = yes
biff = no
disable_dns_lookups = yes
smtp_dns_support_level = disabled
maximal_queue_lifetime = 1h
`))

var postfixMaster = template.Must(template.New("master").Parse(`127.0.0.1:{{.Plain}} inet n - n - - smtpd
127.0.0.1:{{.Submission}} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_recipient_restrictions=check_recipient_access,regexp:{{.Dir}}/conf/rcpt,permit_sasl_authenticated,reject
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
bouncer unix - n n - - pipe
  flags=R user=nobody argv=/bin/sh -c {echo mailbox disabled by test; exit 67}
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`))

// Postfix starts a Postfix of its own in front of a Dovecot, and stops it after
// the test. It needs root; /etc/postfix is not touched.
func Postfix(t testing.TB, d *DovecotServer) *PostfixServer {
	t.Helper()
	bin, err := exec.LookPath("postfix")
	if err != nil {
		bin = newest("/usr/sbin/postfix")
	}
	switch {
	case bin == "":
		Missing(t, "postfix")
	case os.Getuid() != 0:
		t.Skip("postfix runs as root only: skipped")
	}
	dir, err := os.MkdirTemp("", "zjpost")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &PostfixServer{Plain: FreePort(t), Submission: FreePort(t), Domain: "example.test"}
	set := struct {
		*PostfixServer
		Dir        string
		LMTP, SASL int
	}{s, dir, d.LMTP, d.SASL}
	for _, sub := range []string{"conf", "queue", "data"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	own(t, filepath.Join(dir, "data"), "postfix")
	var main, master bytes.Buffer
	if err := postfixConf.Execute(&main, set); err != nil {
		t.Fatal(err)
	}
	if err := postfixMaster.Execute(&master, set); err != nil {
		t.Fatal(err)
	}
	cert, err := os.ReadFile(filepath.Join(d.Dir, "tls.crt"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(d.Dir, "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"conf/main.cf": main.String(), "conf/master.cf": master.String(), "tls.crt": string(cert), "tls.key": string(key),
		"conf/rcpt":      "/^nosuch/ 550 5.1.1 User unknown\n/^greylist/ 451 4.7.1 Greylisted, try again later\n/^full/ 452 4.2.2 Mailbox full\n",
		"conf/transport": "/^slow@/ lmtp:inet:127.0.0.1:1\n/^bounce@/ bouncer:\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "-c", filepath.Join(dir, "conf"), "start-fg")
	// Its parts write to it when it ends; they die with their group.
	stop, err := start(cmd, syscall.SIGTERM)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	if !listens(s.Plain) || !listens(s.Submission) {
		log, _ := os.ReadFile(filepath.Join(dir, "postfix.log"))
		t.Fatalf("postfix did not start: %s", log)
	}
	return s
}

// FreePort returns a port of loopback that nobody listens on.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func listens(port int) bool {
	for range 1000 {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			c.Close()
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// own gives a folder to a system user.
func own(t testing.TB, dir, name string) {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
}

// certificate makes a certificate of localhost that signs itself.
func certificate(t testing.TB) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 0, 30), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	pkcs, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs})
}

// CRLF is a mail as servers want it.
func CRLF(mail string) string {
	return strings.ReplaceAll(strings.ReplaceAll(mail, "\r\n", "\n"), "\n", "\r\n")
}
