package smtp

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors"
)

// letter is a mail that is ready to be sent.
type letter struct {
	id         string // with its brackets
	from       string
	recipients []string // addresses alone, each once
	data       []byte
	// unicode: an address is not ASCII, which the server must allow.
	unicode bool
}

// oneAddress reads an address, which may have a name.
func oneAddress(text string) (*mail.Address, error) {
	if strings.ContainsAny(text, "\r\n\x00") {
		return nil, errors.New("it holds a line break")
	}
	a, err := mail.ParseAddress(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not an e-mail address", text)
	}
	return a, checkAddress(a)
}

// checkAddress refuses what net/mail lets pass and the commands of SMTP, which write it bare, cannot take.
func checkAddress(a *mail.Address) error {
	at := strings.LastIndexByte(a.Address, '@')
	bad := func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`<>()[],;:\"`, r) }
	if at < 1 || at == len(a.Address)-1 || strings.ContainsFunc(a.Address, bad) {
		return fmt.Errorf("%q is not an address that mail can be sent to", a.Address)
	}
	return nil
}

// addresses reads the recipients of an argument.
func addresses(m connectors.Message, name string) ([]*mail.Address, error) {
	var out []*mail.Address
	for _, text := range m.Texts(name) {
		if strings.ContainsAny(text, "\r\n\x00") {
			return nil, wrong(name, "%s holds a line break", name)
		}
		list, err := mail.ParseAddressList(text)
		if err != nil {
			return nil, wrong(name, "%s: %q is not an e-mail address, nor several with commas", name, text)
		}
		for _, a := range list {
			if err := checkAddress(a); err != nil {
				return nil, wrong(name, "%s: %v", name, err)
			}
		}
		out = append(out, list...)
	}
	return out, nil
}

func wrong(argument, format string, args ...any) *connectors.Error {
	return &connectors.Error{Class: connectors.Reject, Code: "wrong_mail", Message: fmt.Sprintf(format, args...), Fields: []string{argument}}
}

// write makes the mail of a message.
func (c *conn) write(m connectors.Message) (*letter, error) {
	l := &letter{from: c.from.Address}
	seen := map[string]bool{}
	headers := map[string][]*mail.Address{}
	for _, name := range []string{"to", "cc", "bcc"} {
		list, err := addresses(m, name)
		if err != nil {
			return nil, err
		}
		headers[name] = list
		for _, a := range list {
			l.unicode = l.unicode || !ascii(a.Address)
			if key := strings.ToLower(a.Address); !seen[key] {
				seen[key] = true
				l.recipients = append(l.recipients, a.Address)
			}
		}
	}
	if len(headers["to"]) == 0 { // an empty group is a list of addresses too
		return nil, wrong("to", "to names nobody")
	}
	if len(l.recipients) > mostRecipients {
		return nil, wrong("to", "the mail has %d recipients; %d are the most, use a mailing list", len(l.recipients), mostRecipients)
	}
	l.unicode = l.unicode || !ascii(l.from)
	subject := m.Text("subject")
	if strings.ContainsFunc(subject, control) {
		return nil, wrong("subject", "the subject holds a line break or another control character")
	}
	replyTo := m.Text("reply_to")
	if replyTo == "" {
		replyTo = c.replyTo
	}
	id := sha256.Sum256([]byte(m.Key))
	unique := hex.EncodeToString(id[:16])
	l.id = "<" + unique + "@" + domain(l.from) + ">"

	var out bytes.Buffer
	header := func(name, text string) { fmt.Fprintf(&out, "%s: %s\r\n", name, text) }
	header("From", c.from.String())
	header("To", list(headers["to"]))
	if len(headers["cc"]) > 0 {
		header("Cc", list(headers["cc"]))
	}
	if replyTo != "" {
		a, err := oneAddress(replyTo)
		if err != nil {
			return nil, wrong("reply_to", "reply_to: %v", err)
		}
		header("Reply-To", a.String())
	}
	header("Subject", encodeWord(subject))
	header("Date", c.now().UTC().Format(time.RFC1123Z))
	header("Message-ID", l.id)
	header("Auto-Submitted", "auto-generated") // so that holiday notices do not answer
	header("MIME-Version", "1.0")
	writeBody(&out, unique, m.Text("text"), m.Text("html"))
	l.data = out.Bytes()
	return l, nil
}

func control(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f || r == '\u2028' || r == '\u2029' }

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

func domain(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// list writes addresses on lines of their own: a line of a mail has 998 characters at most.
func list(all []*mail.Address) string {
	texts := make([]string, len(all))
	for i, a := range all {
		texts[i] = a.String()
	}
	return strings.Join(texts, ",\r\n ")
}

// encodeWord writes a text in ASCII, on several lines where it is long.
func encodeWord(s string) string {
	s = mime.QEncoding.Encode("utf-8", strings.ToValidUTF8(s, "\uFFFD"))
	return strings.ReplaceAll(s, "?= =?", "?=\r\n =?")
}

// writeBody writes the content's headers and the content. The boundary is made of the key: sent again, a mail is the same.
func writeBody(out *bytes.Buffer, unique, text, html string) {
	if html == "" {
		writePart(out, "text/plain", text)
		return
	}
	boundary := "=_" + unique // cannot stand in quoted-printable, where = is followed by two digits
	fmt.Fprintf(out, "Content-Type: multipart/alternative; boundary=\"%s\"\r\n\r\n", boundary)
	for _, part := range []struct{ kind, text string }{{"text/plain", text}, {"text/html", html}} {
		fmt.Fprintf(out, "--%s\r\n", boundary)
		writePart(out, part.kind, part.text)
	}
	fmt.Fprintf(out, "--%s--\r\n", boundary)
}

func writePart(out *bytes.Buffer, kind, text string) {
	fmt.Fprintf(out, "Content-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", kind)
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(text, "\uFFFD"))
	w := quotedprintable.NewWriter(out)
	_, _ = w.Write([]byte(text)) // a buffer takes everything
	_ = w.Close()
	out.WriteString("\r\n")
}
