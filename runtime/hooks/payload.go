package hooks

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/syncline/syncline/lang/plan"
)

// told is one change as an event tells it, before the object is known.
type told struct {
	object   string // as the payload calls it; "" when it does not say
	record   string
	delivery string
}

// payload is a decoded request.
type payload struct {
	told []told
	// challenge is what Slack wants to see again when the address is registered.
	challenge string
	// soap: the sender waits for an answer in XML.
	soap bool
}

const (
	mostItems = 10_000 // events of a request
	mostText  = 512    // bytes of an id or name
)

// parse decodes a request that was found genuine.
func parse(e *plan.Events, r *http.Request, body []byte) (payload, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if strings.HasSuffix(kind, "xml") || len(kind) == 0 && bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
		return parseSOAP(body)
	}
	var root any
	if len(bytes.TrimSpace(body)) > 0 {
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&root); err != nil {
			return payload{}, errors.New("the body is not JSON")
		}
		if _, err := d.Token(); err != io.EOF {
			return payload{}, errors.New("something follows the JSON of the body")
		}
	}
	if e.Signature == "slack" && at(root, "type") == "url_verification" {
		text, _ := at(root, "challenge").(string)
		return payload{challenge: text}, nil
	}
	items, several, err := itemsOf(root, e.Items)
	if err != nil {
		return payload{}, err
	}
	out := payload{told: make([]told, 0, len(items))}
	for i, item := range items {
		t, err := reader{r, root, item}.told(e)
		if err != nil {
			return payload{}, err
		}
		if several && t.delivery != "" && scalar(at(item, e.DeliveryPath)) == "" {
			t.delivery += "#" + strconv.Itoa(i) // the id is of all of them together
		}
		out.told = append(out.told, t)
	}
	return out, nil
}

// itemsOf finds the events of a payload.
func itemsOf(root any, path string) (items []any, several bool, err error) {
	if path == "" {
		return []any{root}, false, nil
	}
	found := root
	if path != "." {
		found = at(root, path)
	}
	switch found := found.(type) {
	case []any:
		if len(found) > mostItems {
			return nil, false, fmt.Errorf("more than %d events in one request", mostItems)
		}
		return found, true, nil
	case map[string]any:
		return []any{found}, false, nil
	}
	return nil, false, fmt.Errorf("there is no list of events at %q", path)
}

// reader reads one event: from itself, from what is around it, from the request's headers.
type reader struct {
	r          *http.Request
	root, item any
}

func (x reader) told(e *plan.Events) (told, error) {
	t := told{object: x.text(e.ObjectPath), delivery: x.text(e.DeliveryPath)}
	path := e.RecordPath
	if o := named(e, t.object); o != nil && o.RecordPath != "" {
		path = o.RecordPath
	}
	t.record = x.text(path)
	if len(t.object) > mostText || len(t.record) > mostText {
		return t, fmt.Errorf("an id or name has more than %d bytes", mostText)
	}
	if len(t.delivery) > mostText {
		sum := sha256.Sum256([]byte(t.delivery))
		t.delivery = hex.EncodeToString(sum[:])
	}
	return t, nil
}

func (x reader) text(path string) string {
	if path == "" {
		return ""
	}
	if name, is := strings.CutPrefix(path, "header:"); is {
		return x.r.Header.Get(name)
	}
	if s := scalar(at(x.item, path)); s != "" {
		return s
	}
	return scalar(at(x.root, path))
}

// at follows a path; nil when it leads nowhere.
func at(v any, path string) any {
	if path == "" {
		return nil
	}
	for _, step := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 0 || n >= len(x) {
				return nil
			}
			v = x[n]
		default:
			return nil
		}
	}
	return v
}

// scalar is a value as text, "" when it is not one.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// named finds the object block that a payload's name belongs to: by the name itself, or by one of its names.
func named(e *plan.Events, name string) *plan.EventObject {
	if name == "" {
		return nil
	}
	for i := range e.Objects {
		o := &e.Objects[i]
		if strings.EqualFold(o.Name, name) {
			return o
		}
		for _, pattern := range o.Names {
			if matches(strings.ToLower(pattern), strings.ToLower(name)) {
				return o
			}
		}
	}
	return nil
}

// matches tells whether a name fits a pattern, in which * stands for any letters.
func matches(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	rest, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, last)
}
