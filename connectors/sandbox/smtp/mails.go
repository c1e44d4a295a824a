package smtp

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"

	"github.com/syncline/syncline/connectors/sandbox/harness"
)

// take notes a mail and gives its queue id.
func (s *System) take(e envelope) string {
	rec := read(e)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	id := fmt.Sprintf("MAIL%06d", s.next)
	rec["id"] = id
	s.mails = append(s.mails, rec)
	return id
}

// read takes a mail apart. What cannot be read is left out: a mail server takes any text.
func read(e envelope) harness.Record {
	rec := harness.Record{"from": e.From, "to": strings.Join(e.To, ", "), "user": e.User, "raw": e.Data, "subject": "", "message_id": "", "text": "", "html": "",
		"headers": map[string]string{}}
	msg, err := mail.ReadMessage(strings.NewReader(e.Data))
	if err != nil {
		return rec
	}
	headers := map[string]string{}
	words := mime.WordDecoder{}
	for name, values := range msg.Header {
		text := strings.Join(values, ", ")
		if plain, err := words.DecodeHeader(text); err == nil {
			text = plain
		}
		headers[name] = text
	}
	rec["headers"], rec["subject"], rec["message_id"] = headers, headers["Subject"], headers["Message-Id"]
	content(rec, msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), msg.Body)
	return rec
}

func content(rec harness.Record, kind, encoding string, body io.Reader) {
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		media = "text/plain"
	}
	if strings.HasPrefix(media, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err != nil {
				return
			}
			content(rec, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p)
		}
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return
	}
	text := strings.TrimSuffix(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	switch media {
	case "text/html":
		rec["html"] = text
	case "text/plain":
		rec["text"] = text
	}
}
