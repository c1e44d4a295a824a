package smtp

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/syncline/syncline/connectors"
	"github.com/syncline/syncline/connectors/connectortest"
	"github.com/syncline/syncline/connectors/sandbox/harness"
	sandbox "github.com/syncline/syncline/connectors/sandbox/smtp"
	"github.com/syncline/syncline/lang/value"
)

// server starts a simulated mail server and gives its settings.
func server(t *testing.T, o sandbox.Options) (connectortest.Control, map[string]string) {
	t.Helper()
	ln, err := harness.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Control, o.Addr = harness.URL(ln), "127.0.0.1:0"
	system, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := harness.Serve(ln, system, harness.Options{})
	t.Cleanup(func() { _ = s.Close() })
	env := map[string]string{}
	for _, line := range system.Env() {
		name, v, _ := strings.Cut(line, "=")
		env[name] = v
	}
	return connectortest.Control(s.URL()), env
}

func settings(env map[string]string, more ...string) connectors.Settings {
	s := connectors.Settings{"host": value.Text(env["SMTP_HOST"]), "port": value.Text(env["SMTP_PORT"]), "tls": value.Text("none"),
		"username": value.Text(env["SMTP_USERNAME"]), "password": value.Text(env["SMTP_PASSWORD"]), "from": value.Text("Syncline <sync@acme.example>")}
	for i := 0; i < len(more); i += 2 {
		if s[more[i]] = value.Text(more[i+1]); more[i+1] == "" {
			delete(s, more[i])
		}
	}
	return s
}

func connect(t *testing.T, s connectors.Settings) *conn {
	t.Helper()
	c, err := open(t.Context(), connectors.Config{Name: "mail", Settings: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(*conn)
}

func mark(i int) string { return fmt.Sprintf("Account number %d.", i) }

func message(i int, more ...string) connectors.Message {
	m := connectors.Message{Key: fmt.Sprintf("rule/mail/%04d", i), Arguments: map[string]value.Value{"to": value.Text("ann@acme.example"),
		"subject": value.Text("At risk"), "text": value.Text(mark(i))}}
	for j := 0; j < len(more); j += 2 {
		m.Arguments[more[j]] = value.Text(more[j+1])
	}
	return m
}

func factory(again bool) connectortest.SenderFactory {
	return connectortest.SenderFactory{Type: Type(), Setup: func(t *testing.T) connectortest.SenderFixture {
		control, env := server(t, sandbox.Options{Login: true})
		arm := func(fault string) func(*testing.T) { return func(t *testing.T) { control.Arm(t, fault) } }
		s := settings(env)
		x := connectortest.SenderFixture{Message: func(i int) connectors.Message { return message(i) }, Mark: mark, Secrets: []string{env["SMTP_PASSWORD"]},
			Config: connectors.Config{Name: "mail", Settings: s},
			Arrived: func(t *testing.T) []string {
				var out []string
				for _, r := range control.Records(t, "mails") {
					out = append(out, r["text"].(string))
				}
				return out
			},
			Play: map[connectortest.Trouble]func(*testing.T){
				connectortest.Limited:     arm(`{"match":{"path":"/mail"},"status":450,"message":"4.7.1 slow down"}`),
				connectortest.Unavailable: arm(`{"match":{"path":"/connect"},"status":421,"message":"4.3.2 closing down"}`),
				connectortest.LostAnswer:  arm(`{"match":{"path":"/message"},"drop_response":true}`),
				connectortest.BadLogin:    arm(`{"match":{"path":"/auth"},"status":535,"message":"5.7.8 wrong AHNhbmRib3gAc2FuZGJveC1tYWlsLXBhc3N3b3Jk or sandbox-mail-password"}`),
				connectortest.Refused:     arm(`{"match":{"path":"/rcpt"},"status":550,"message":"5.1.1 no such user"}`),
			},
			Want: map[connectortest.Trouble]connectors.Class{connectortest.Limited: connectors.Retry},
		}
		if again {
			s["send_again"] = value.Bool(true)
			x.Want[connectortest.LostAnswer] = connectors.Retry
		}
		return x
	}}
}

func TestMail(t *testing.T)      { connectortest.ExerciseSender(t, factory(false)) }
func TestMailAgain(t *testing.T) { connectortest.ExerciseSender(t, factory(true)) }

func TestContent(t *testing.T) {
	control, env := server(t, sandbox.Options{})
	c := connect(t, settings(env, "reply_to", "cs@acme.example"))
	subject := "Ärger mit „Müller & Söhne“: " + strings.Repeat("größer ", 25)
	text := "Zeile 1\r\nZeile 2: 50 % = viel\n.\n..\nEnde " + strings.Repeat("lang ", 300)
	m := message(1, "subject", subject, "text", text, "html", "<p>Größe</p>", "cc", "Chief <chief@acme.example>", "bcc", "secret@acme.example")
	m.Arguments["to"] = value.List([]value.Value{value.Text("Ann Ärmel <ann@acme.example>, bob@acme.example"), value.Null, value.Text("ANN@acme.example")})
	r, err := c.Send(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	got := control.Records(t, "mails")[0]
	h := got["headers"].(map[string]any)
	if got["subject"] != subject || got["html"] != "<p>Größe</p>" || got["text"] != strings.ReplaceAll(text, "\r\n", "\n") {
		t.Errorf("%q", got)
	}
	if got["from"] != "sync@acme.example" || got["to"] != "ann@acme.example, bob@acme.example, chief@acme.example, secret@acme.example" {
		t.Errorf("from %v to %v", got["from"], got["to"])
	}
	if h["Reply-To"] != "<cs@acme.example>" || h["Bcc"] != nil || h["Cc"] != `"Chief" <chief@acme.example>` || !strings.Contains(h["To"].(string), "Ärmel") {
		t.Errorf("%v", h)
	}
	if strings.Contains(got["raw"].(string), "secret@") {
		t.Error("the blind copy shows in the mail")
	}
	if got["message_id"] != r.ID || !strings.HasSuffix(r.ID, "@acme.example>") || !strings.Contains(r.Fields["Answer"].AsText(), "queued") {
		t.Errorf("%v %+v", got["message_id"], r)
	}
	for line := range strings.SplitSeq(got["raw"].(string), "\n") {
		if len(line) > 998 || !ascii(line) {
			t.Errorf("line %q", line)
		}
	}
	if again, err := c.Send(t.Context(), m); err != nil || again.ID != r.ID {
		t.Errorf("sent again it is another mail: %s, %s", again.ID, r.ID)
	}
	if other, err := c.Send(t.Context(), message(2)); err != nil || other.ID == r.ID {
		t.Error("two mails share an id")
	}
}

func TestInjection(t *testing.T) {
	control, env := server(t, sandbox.Options{})
	c := connect(t, settings(env))
	for _, m := range []connectors.Message{
		message(1, "subject", "x\r\nBcc: evil@x.example"), message(1, "subject", "x\nBcc: evil@x.example"), message(1, "subject", "x\x00"),
		message(1, "to", "a@x.example\r\nRCPT TO:<evil@x.example>"), message(1, "to", `"a> RCPT TO:<b"@x.example`), message(1, "to", "no address"),
		message(1, "to", "a@"), message(1, "cc", "a@x.example\nX: y"), message(1, "reply_to", "a@x.example\r\nX: y"), message(1, "to", `"a b"@x.example`),
		message(1, "to", "ann@acme.example, "+strings.Repeat("x@acme.example,", 2)+"broken"),
	} {
		_, err := c.Send(t.Context(), m)
		if e := connectors.AsError(err); e == nil || e.Class != connectors.Reject {
			t.Errorf("%v: %v", m.Arguments, err)
		}
	}
	many := message(1)
	var list []value.Value
	for i := range mostRecipients + 1 {
		list = append(list, value.Text(fmt.Sprintf("p%d@acme.example", i)))
	}
	many.Arguments["to"] = value.List(list)
	if _, err := c.Send(t.Context(), many); connectors.AsError(err).Class != connectors.Reject {
		t.Error(err)
	}
	if got := control.Records(t, "mails"); len(got) != 0 {
		t.Errorf("%v", got)
	}
	// A body can hold what looks like the end of the mail, and headers.
	if _, err := c.Send(t.Context(), message(2, "text", "a\r\n.\r\nMAIL FROM:<x@y.example>\r\nBcc: z")); err != nil {
		t.Fatal(err)
	}
	if got := control.Records(t, "mails"); len(got) != 1 || got[0]["text"] != "a\n.\nMAIL FROM:<x@y.example>\nBcc: z" {
		t.Errorf("%v", got)
	}
}

func TestClasses(t *testing.T) {
	control, env := server(t, sandbox.Options{})
	c := connect(t, settings(env))
	for _, x := range []struct {
		step   string
		status int
		want   connectors.Class
	}{
		{"connect", 421, connectors.Retry}, {"connect", 554, connectors.Permanent}, {"ehlo", 500, connectors.Permanent},
		{"auth", 535, connectors.Auth}, {"auth", 454, connectors.Retry}, {"mail", 451, connectors.Retry}, {"mail", 550, connectors.Permanent}, {"mail", 530, connectors.Auth},
		{"rcpt", 450, connectors.Retry}, {"rcpt", 550, connectors.Reject}, {"message", 451, connectors.Retry}, {"message", 554, connectors.Reject}, {"message", 552, connectors.Reject},
	} {
		times := 1
		if x.step == "ehlo" {
			times = 2 // HELO follows a refused EHLO
		}
		control.Arm(t, fmt.Sprintf(`{"match":{"path":"/smtp/%s"},"status":%d,"times":%d,"message":"because"}`, x.step, x.status, times))
		_, err := c.Send(t.Context(), message(1))
		if e := connectors.AsError(err); e == nil || e.Class != x.want || !strings.Contains(e.Error(), "because") {
			t.Errorf("%s %d: %v, want %s", x.step, x.status, err, x.want)
		}
	}
	for _, step := range []string{"connect", "ehlo", "mail", "rcpt"} {
		control.Arm(t, fmt.Sprintf(`{"match":{"path":"/smtp/%s"},"drop_response":true}`, step))
		_, err := c.Send(t.Context(), message(1))
		if e := connectors.AsError(err); e == nil || e.Class != connectors.Retry {
			t.Errorf("hung up after %s: %v", step, err)
		}
	}
	// One refused recipient refuses the mail for all.
	control.Arm(t, `{"match":{"path":"/rcpt","body":"bob@"},"status":550}`)
	if _, err := c.Send(t.Context(), message(1, "to", "ann@acme.example, bob@acme.example")); err == nil || !strings.Contains(err.Error(), "bob@acme.example") {
		t.Error(err)
	}
	if got := control.Records(t, "mails"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// A send that is stopped while the server keeps its last word is in doubt; it does not wait for the server.
func TestStopped(t *testing.T) {
	control, env := server(t, sandbox.Options{})
	c := connect(t, settings(env))
	for path, want := range map[string]connectors.Class{"/message": connectors.InDoubt, "/rcpt": connectors.Retry} {
		control.Arm(t, fmt.Sprintf(`{"match":{"path":%q},"delay":"2s"}`, path))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		began := time.Now()
		_, err := c.Send(ctx, message(1))
		cancel()
		if e := connectors.AsError(err); e == nil || e.Class != want || time.Since(began) > time.Second {
			t.Errorf("%s: %v after %v, want %s", path, err, time.Since(began), want)
		}
	}
	c.patience = 100 * time.Millisecond
	control.Arm(t, `{"match":{"path":"/message"},"delay":"2s"}`)
	if _, err := c.Send(t.Context(), message(1)); connectors.AsError(err).Class != connectors.InDoubt || !strings.Contains(err.Error(), "in time") {
		t.Error(err)
	}
}

// certificate makes a certificate for 127.0.0.1 and a file that vouches for it.
func certificate(t *testing.T) (*tls.Config, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, file
}

func TestEncryption(t *testing.T) {
	serverTLS, ca := certificate(t)
	control, env := server(t, sandbox.Options{TLS: serverTLS, Login: true})
	if _, err := connect(t, settings(env, "tls", "starttls", "ca_file", ca)).Send(t.Context(), message(1)); err != nil {
		t.Fatal(err)
	}
	if got := control.Records(t, "mails"); len(got) != 1 || got[0]["user"] != "sandbox" {
		t.Errorf("%v", got)
	}
	r, err := connect(t, settings(env, "tls", "starttls", "ca_file", ca)).Check(t.Context())
	if err != nil || r.User != "sandbox" || strings.Contains(strings.Join(r.Notes, " "), "unencrypted") {
		t.Errorf("%+v %v", r, err)
	}
	_, bare := server(t, sandbox.Options{})
	for part, s := range map[string]connectors.Settings{
		"cannot trust":    settings(env, "tls", "starttls"),
		"does not speak":  settings(env, "tls", "tls", "ca_file", ca),
		"STARTTLS, so":    settings(bare, "tls", "starttls"),
		"does not speak ": settings(bare, "tls", "tls"),
	} {
		_, err := connect(t, s).Send(t.Context(), message(2))
		if e := connectors.AsError(err); e == nil || e.Class != connectors.Permanent || !strings.Contains(e.Error(), part) {
			t.Errorf("%v, want %q", err, part)
		}
	}
	// From the first byte.
	ln, err := tls.Listen("tcp", "127.0.0.1:0", serverTLS)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		in := bufio.NewReader(conn)
		fmt.Fprint(conn, "220 hi\r\n")
		for data := false; ; {
			line, err := in.ReadString('\n')
			switch {
			case err != nil:
				return
			case data && line != ".\r\n":
				continue
			case strings.HasPrefix(line, "DATA"):
				data = true
				fmt.Fprint(conn, "354 go\r\n")
				continue
			case strings.HasPrefix(line, "QUIT"):
				fmt.Fprint(conn, "221 bye\r\n")
				return
			}
			data = false
			fmt.Fprint(conn, "250 queued as X\r\n")
		}
	}()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	s := settings(env, "tls", "tls", "ca_file", ca, "port", port, "username", "", "password", "")
	if r, err := connect(t, s).Send(t.Context(), message(3)); err != nil || r.Fields["Answer"].AsText() != "queued as X" {
		t.Errorf("%+v %v", r, err)
	}
}

func TestSettings(t *testing.T) {
	env := map[string]string{"SMTP_HOST": "127.0.0.1", "SMTP_PORT": "25", "SMTP_USERNAME": "u", "SMTP_PASSWORD": "very-secret"}
	for part, s := range map[string]connectors.Settings{
		"setting host":     settings(env, "host", "smtp://x"),
		"setting port":     settings(env, "port", "mail"),
		"setting tls":      settings(env, "tls", "ssl"),
		"in the clear":     settings(env, "host", "mail.acme.example"),
		"go together":      settings(env, "username", ""),
		"setting from":     settings(env, "from", "nobody"),
		"setting reply_to": settings(env, "reply_to", "a@b\r\nX: y"),
		"setting ca_file":  settings(env, "ca_file", "no/such/file"),
		"line break":       settings(env, "password", "very-secret\r\nQUIT"),
	} {
		_, err := open(t.Context(), connectors.Config{Settings: s, Dir: t.TempDir()})
		if err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "very-secret") {
			t.Errorf("%v, want %q and no secret", err, part)
		}
	}
}

// AUTH LOGIN is all that some servers offer.
func TestLoginAuth(t *testing.T) {
	c := &conn{username: "u", password: "p", host: "mail.acme.example"}
	a, ok := choose("LOGIN XOAUTH2", c).(*loginAuth)
	if !ok || choose("PLAIN LOGIN", c) == nil || choose("GSSAPI", c) != nil {
		t.Fatal("the wrong login is chosen")
	}
	for question, want := range map[string]string{"Username:": "u", "User Name\x00": "u", "Password:": "p"} {
		if got, err := a.Next([]byte(question), true); err != nil || string(got) != want {
			t.Errorf("%q: %q %v", question, got, err)
		}
	}
	if _, err := a.Next([]byte("Shoe size:"), true); err == nil {
		t.Error("answers any question")
	}
}

// FuzzLetter: whatever the arguments hold, a mail that is written has the headers that we gave it and no others.
func FuzzLetter(f *testing.F) {
	f.Add("Ann <a@x.example>", "subject", "text")
	f.Add("a@x.example, b@y.example", "=?utf-8?q?x?= \u2028 é", ".\r\n.")
	f.Add("\"x, y\" <a@x.example>", strings.Repeat("ä ", 120), "\xff\r\r\n")
	c := &conn{from: &mail.Address{Address: "sync@acme.example"}, now: time.Now}
	f.Fuzz(func(t *testing.T, to, subject, text string) {
		l, err := c.write(message(1, "to", to, "subject", subject, "text", text))
		if err != nil {
			return
		}
		msg, err := mail.ReadMessage(strings.NewReader(string(l.data)))
		if err != nil {
			t.Fatalf("%v: %q", err, l.data)
		}
		if len(msg.Header) != 9 {
			t.Errorf("%d headers: %q", len(msg.Header), l.data)
		}
		list, err := msg.Header.AddressList("To")
		if err != nil || len(list) < len(l.recipients) {
			t.Errorf("To %q: %v", msg.Header.Get("To"), err)
		}
		for line := range strings.SplitSeq(string(l.data), "\r\n") {
			if len(line) > 998 || strings.ContainsAny(line, "\r\n") {
				t.Errorf("line %q", line)
			}
		}
	})
}
