package hooks

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncline/syncline/lang/plan"
)

// desk is a Backend that remembers.
type desk struct {
	mu      sync.Mutex
	end     *Endpoint
	err     error // of Take
	events  []Event
	known   map[string]bool
	counted map[string]int
}

func (d *desk) Endpoint(connection string) (*Endpoint, error) {
	switch connection {
	case "cs":
		return d.end, nil
	case "broken":
		return nil, errors.New("CS_SECRET is not set")
	}
	return nil, nil
}

func (d *desk) Take(_ context.Context, _ string, events []Event) ([]bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return nil, d.err
	}
	out := make([]bool, len(events))
	for i, e := range events {
		if out[i] = e.Delivery == "" || !d.known[e.Delivery]; out[i] {
			d.events = append(d.events, e)
			d.known[e.Delivery] = true
		}
	}
	return out, nil
}

func (d *desk) Counted(_, result string, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counted[result] += n
}

var now = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

const secret = "correct horse battery staple"

func newDesk(e plan.Events, objects ...string) *desk {
	if len(objects) == 0 {
		objects = []string{"Company"}
	}
	if e.Window == 0 {
		e.Window = 5 * time.Minute
	}
	return &desk{end: &Endpoint{Events: &e, Secrets: []string{secret, "an older one"}, Objects: objects}, known: map[string]bool{}, counted: map[string]int{}}
}

func serve(t *testing.T, d *desk, o Options) (*Handler, *httptest.Server) {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return now }
	}
	h := New(d, o)
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/{connection}", h)
	mux.Handle("POST /hooks/{connection}/{object}", h)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return h, s
}

func sum(key, text string) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func signed(key, text string) string { return hex.EncodeToString(sum(key, text)) }

type head map[string]string

func post(t *testing.T, url, body string, headers head) (int, string) {
	t.Helper()
	req, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(text)
}

var plainHMAC = plan.Events{Signature: "hmac-sha256", Header: "X-Signature", ObjectPath: "type", RecordPath: "data.id", DeliveryPath: "event"}

// Each way of signing, right and wrong in every way.
func TestSignatures(t *testing.T) {
	body := `{"type":"Company","data":{"id":"1"}}`
	at := func(d time.Duration) string { return strconv.FormatInt(now.Add(d).Unix(), 10) }
	timed := plainHMAC
	timed.Timestamp = "X-Timestamp"
	token := plan.Events{Signature: "token", Header: "Authorization"}
	slack, standard, stripe := plan.Events{Signature: "slack"}, plan.Events{Signature: "standard"}, plan.Events{Signature: "stripe"}
	slackHead := func(key, ts string) head {
		return head{"X-Slack-Request-Timestamp": ts, "X-Slack-Signature": "v0=" + signed(key, "v0:"+ts+":"+body)}
	}
	stripeHead := func(key, ts string) head {
		return head{"Stripe-Signature": "t=" + ts + ",v1=" + strings.Repeat("0", 64) + ",v1=" + signed(key, ts+"."+body) + ",v0=x"}
	}
	standardHead := func(key, ts string) head {
		return head{"webhook-id": "m1", "webhook-timestamp": ts, "webhook-signature": "v1,AAAA v1," + base64.StdEncoding.EncodeToString(sum(key, "m1."+ts+"."+body))}
	}
	for name, x := range map[string]struct {
		e    plan.Events
		h    head
		path string
		want int
	}{
		"hex":                         {plainHMAC, head{"X-Signature": signed(secret, body)}, "", 200},
		"upper case":                  {plainHMAC, head{"X-Signature": strings.ToUpper(signed(secret, body))}, "", 200},
		"with its name":               {plainHMAC, head{"X-Signature": "sha256=" + signed(secret, body)}, "", 200},
		"base64":                      {plainHMAC, head{"X-Signature": base64.StdEncoding.EncodeToString(sum(secret, body))}, "", 200},
		"base64 for addresses":        {plainHMAC, head{"X-Signature": base64.RawURLEncoding.EncodeToString(sum(secret, body))}, "", 200},
		"the old secret":              {plainHMAC, head{"X-Signature": signed("an older one", body)}, "", 200},
		"another secret":              {plainHMAC, head{"X-Signature": signed("guess", body)}, "", 401},
		"no secret":                   {plainHMAC, head{"X-Signature": signed("", body)}, "", 401},
		"another body":                {plainHMAC, head{"X-Signature": signed(secret, body+" ")}, "", 401},
		"no signature":                {plainHMAC, nil, "", 401},
		"an empty signature":          {plainHMAC, head{"X-Signature": ""}, "", 401},
		"half a signature":            {plainHMAC, head{"X-Signature": signed(secret, body)[:32]}, "", 401},
		"a token in place of it":      {plainHMAC, head{"X-Signature": secret}, "", 401},
		"timed":                       {timed, head{"X-Timestamp": at(-time.Minute), "X-Signature": signed(secret, at(-time.Minute)+"."+body)}, "", 200},
		"timed in ms":                 {timed, head{"X-Timestamp": at(0) + "000", "X-Signature": signed(secret, at(0)+"000."+body)}, "", 200},
		"timed in ISO":                {timed, head{"X-Timestamp": now.Format(time.RFC3339), "X-Signature": signed(secret, now.Format(time.RFC3339)+"."+body)}, "", 200},
		"timed, too old":              {timed, head{"X-Timestamp": at(-6 * time.Minute), "X-Signature": signed(secret, at(-6*time.Minute)+"."+body)}, "", 401},
		"timed, in the future":        {timed, head{"X-Timestamp": at(6 * time.Minute), "X-Signature": signed(secret, at(6*time.Minute)+"."+body)}, "", 401},
		"timed, no time":              {timed, head{"X-Signature": signed(secret, "."+body)}, "", 401},
		"timed, nonsense":             {timed, head{"X-Timestamp": "soon", "X-Signature": signed(secret, "soon."+body)}, "", 401},
		"timed, time not signed":      {timed, head{"X-Timestamp": at(0), "X-Signature": signed(secret, body)}, "", 401},
		"token":                       {token, head{"Authorization": "Bearer " + secret}, "", 200},
		"token, plain":                {token, head{"Authorization": secret}, "", 200},
		"token as a password":         {token, head{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("any:"+secret))}, "", 200},
		"token in the address":        {token, nil, "?token=correct+horse+battery+staple", 200},
		"wrong token":                 {token, head{"Authorization": "Bearer " + secret + "x"}, "", 401},
		"no token":                    {token, nil, "?token=", 401},
		"slack":                       {slack, slackHead(secret, at(0)), "", 200},
		"slack, old":                  {slack, slackHead(secret, at(-time.Hour)), "", 401},
		"slack, another secret":       {slack, slackHead("guess", at(0)), "", 401},
		"stripe":                      {stripe, stripeHead(secret, at(0)), "", 200},
		"stripe, old":                 {stripe, stripeHead(secret, at(-time.Hour)), "", 401},
		"stripe, another secret":      {stripe, stripeHead("guess", at(0)), "", 401},
		"stripe, nothing":             {stripe, head{"Stripe-Signature": "t=,v1="}, "", 401},
		"standard":                    {standard, standardHead(secret, at(0)), "", 200},
		"standard, old":               {standard, standardHead(secret, at(-time.Hour)), "", 401},
		"standard, another secret":    {standard, standardHead("guess", at(0)), "", 401},
		"standard, without a version": {standard, head{"webhook-id": "m1", "webhook-timestamp": at(0), "webhook-signature": base64.StdEncoding.EncodeToString(sum(secret, "m1."+at(0)+"."+body))}, "", 401},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(x.e)
			_, s := serve(t, d, Options{})
			code, text := post(t, s.URL+"/hooks/cs"+x.path, body, x.h)
			if code != x.want {
				t.Errorf("it answers %d %s", code, text)
			}
			if code == 401 && (len(d.events) > 0 || text != "not accepted\n") {
				t.Errorf("it says %q, and took %v", text, d.events)
			}
		})
	}
}

func TestStandardSecretInBase64(t *testing.T) {
	d := newDesk(plan.Events{Signature: "standard"})
	key := "the raw key"
	d.end.Secrets = []string{"whsec_" + base64.StdEncoding.EncodeToString([]byte(key))}
	_, s := serve(t, d, Options{})
	ts := strconv.FormatInt(now.Unix(), 10)
	code, _ := post(t, s.URL+"/hooks/cs", "{}", head{"webhook-id": "m", "webhook-timestamp": ts, "webhook-signature": "v1," + base64.StdEncoding.EncodeToString(sum(key, "m."+ts+".{}"))})
	if code != 200 {
		t.Error(code)
	}
}

// What payloads tell.
func TestPayloads(t *testing.T) {
	several := plainHMAC
	several.Items = "events"
	list := plan.Events{Signature: "hmac-sha256", Header: "X-Signature", Items: ".", ObjectPath: "subscriptionType", RecordPath: "objectId", DeliveryPath: "eventId",
		Objects: []plan.EventObject{{Name: "Company", Names: []string{"company.*"}}, {Name: "CTA", Names: []string{"cta.changed"}, RecordPath: "cta.0.id"}}}
	byHeader := plan.Events{Signature: "hmac-sha256", Header: "X-Signature", ObjectPath: "header:X-Topic", RecordPath: "id", DeliveryPath: "header:X-Id"}
	bare := plan.Events{Signature: "hmac-sha256", Header: "X-Signature"}
	for name, x := range map[string]struct {
		e          plan.Events
		path, body string
		code       int
		want       []Event
	}{
		"one":                       {plainHMAC, "", `{"type":"company","data":{"id":"1P02"},"event":"e1"}`, 200, []Event{{"Company", "1P02", "e1"}}},
		"a number as id":            {plainHMAC, "", `{"type":"Company","data":{"id":9007199254740993}}`, 200, []Event{{"Company", "9007199254740993", ""}}},
		"no id":                     {plainHMAC, "", `{"type":"Company","data":{"id":null}}`, 200, []Event{{"Company", "", ""}}},
		"no object":                 {plainHMAC, "", `{"data":{"id":"1"}}`, 202, nil},
		"an object that is a list":  {plainHMAC, "", `{"type":["Company"],"data":{"id":"1"}}`, 202, nil},
		"unknown object":            {plainHMAC, "", `{"type":"Weather","data":{"id":"1"}}`, 202, nil},
		"the path names the object": {plainHMAC, "/Company", `{"data":{"id":"1"}}`, 200, []Event{{"Company", "1", ""}}},
		"the path names another":    {plainHMAC, "/Weather", `{"data":{"id":"1"}}`, 202, nil},
		"several":                   {several, "", `{"event":"e","events":[{"type":"Company","data":{"id":"1"}},{"type":"Weather","data":{"id":"2"}},{"type":"CTA","data":{"id":"3"},"event":"own"}]}`, 200, []Event{{"Company", "1", "e#0"}, {"CTA", "3", "own"}}},
		"no list":                   {several, "", `{"events":7}`, 400, nil},
		"an empty list":             {several, "", `{"events":[]}`, 202, nil},
		"a list":                    {list, "", `[{"eventId":1,"subscriptionType":"company.propertyChange","objectId":512},{"eventId":2,"subscriptionType":"CTA.changed","cta":[{"id":"c"}]},{"eventId":3,"subscriptionType":"cta.gone","objectId":1}]`, 200, []Event{{"Company", "512", "1"}, {"CTA", "c", "2"}}},
		"by header":                 {byHeader, "", `{"id":"7"}`, 200, []Event{{"Company", "7", "d9"}}},
		"bare":                      {bare, "", ``, 200, []Event{{}}},
		"no JSON":                   {plainHMAC, "", `type=Company`, 400, nil},
		"JSON and more":             {plainHMAC, "", `{} {}`, 400, nil},
		"half a JSON":               {plainHMAC, "", `{"type":"Company"`, 400, nil},
		"deep":                      {plainHMAC, "", strings.Repeat("[", 20000), 400, nil},
		"an endless id":             {plainHMAC, "", `{"type":"Company","data":{"id":"` + strings.Repeat("x", 600) + `"}}`, 400, nil},
		"too many":                  {list, "", "[" + strings.Repeat("0,", mostItems) + "0]", 400, nil},
		"null":                      {plainHMAC, "", `null`, 202, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(x.e, "Company", "CTA")
			_, s := serve(t, d, Options{})
			code, text := post(t, s.URL+"/hooks/cs"+x.path, x.body, head{"X-Signature": signed(secret, x.body), "X-Topic": "company", "X-Id": "d9"})
			if code != x.code || !slices.Equal(d.events, x.want) {
				t.Errorf("it answers %d %s, and takes %v", code, text, d.events)
			}
		})
	}
}

func TestEndlessDeliveryIDsAreTold(t *testing.T) {
	d := newDesk(plainHMAC)
	_, s := serve(t, d, Options{})
	for _, end := range []string{"a", "b", "a"} {
		body := `{"type":"Company","event":"` + strings.Repeat("x", 5000) + end + `"}`
		if code, text := post(t, s.URL+"/hooks/cs", body, head{"X-Signature": signed(secret, body)}); code != 200 {
			t.Error(code, text)
		}
	}
	if len(d.events) != 2 || len(d.events[0].Delivery) > mostText {
		t.Errorf("%d events", len(d.events))
	}
}

func TestReplay(t *testing.T) {
	d := newDesk(plainHMAC)
	_, s := serve(t, d, Options{})
	body := `{"type":"Company","data":{"id":"1"},"event":"e1"}`
	for i, want := range []string{`{"accepted":1,"repeated":0,"unknown":0}`, `{"accepted":0,"repeated":1,"unknown":0}`} {
		if code, text := post(t, s.URL+"/hooks/cs", body, head{"X-Signature": signed(secret, body)}); code != 200 || strings.TrimSpace(text) != want {
			t.Errorf("time %d: %d %s", i, code, text)
		}
	}
	if len(d.events) != 1 || d.counted[Accepted] != 1 || d.counted[Repeated] != 1 {
		t.Errorf("%v, counted %v", d.events, d.counted)
	}
}

func TestSlackChallenge(t *testing.T) {
	d := newDesk(plan.Events{Signature: "slack"})
	_, s := serve(t, d, Options{})
	body := `{"type":"url_verification","challenge":"3eZbrw1aB"}`
	ts := strconv.FormatInt(now.Unix(), 10)
	code, text := post(t, s.URL+"/hooks/cs", body, head{"X-Slack-Request-Timestamp": ts, "X-Slack-Signature": "v0=" + signed(secret, "v0:"+ts+":"+body)})
	if code != 200 || text != "3eZbrw1aB" || len(d.events) != 0 {
		t.Errorf("%d %q %v", code, text, d.events)
	}
	if code, text := post(t, s.URL+"/hooks/cs", body, nil); code != 401 {
		t.Errorf("unsigned: %d %q", code, text)
	}
}

const outboundMessage = `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
   <OrganizationId>00D000000000001EAA</OrganizationId><ActionId>04k000000000001AAA</ActionId><SessionId xsi:nil="true"/>
   <Notification><Id>04l000000000001AAA</Id><sObject xsi:type="sf:Account" xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>001000000000001AAA</sf:Id><sf:Name>A &amp; B</sf:Name></sObject></Notification>
   <Notification><Id>04l000000000002AAA</Id><sObject xsi:type="sf:Lead" xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>00Q000000000001AAA</sf:Id></sObject></Notification>
  </notifications>
 </soapenv:Body>
</soapenv:Envelope>`

func TestOutboundMessages(t *testing.T) {
	d := newDesk(plan.Events{Signature: "token", Header: "Authorization"}, "Account")
	_, s := serve(t, d, Options{})
	url := s.URL + "/hooks/cs?token=correct+horse+battery+staple"
	for range 2 {
		code, text := post(t, url, outboundMessage, head{"Content-Type": "text/xml; charset=UTF-8"})
		if code != 200 || !strings.Contains(text, "<Ack>true</Ack>") {
			t.Errorf("%d %s", code, text)
		}
	}
	if !slices.Equal(d.events, []Event{{"Account", "001000000000001AAA", "04l000000000001AAA"}}) || d.counted[Unknown] != 2 {
		t.Errorf("%v %v", d.events, d.counted)
	}
	for _, wrong := range []string{"<a/>", "<", `<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>`, strings.Replace(outboundMessage, "sf:Id>001", "sf:No>001", 1)} {
		if code, _ := post(t, url, wrong, head{"Content-Type": "text/xml"}); code != 400 {
			t.Errorf("%.40s gives %d", wrong, code)
		}
	}
}

func TestRefusals(t *testing.T) {
	d := newDesk(plainHMAC)
	h, s := serve(t, d, Options{Body: 1000})
	body := `{"type":"Company","data":{"id":"1"}}`
	sign := head{"X-Signature": signed(secret, body)}
	if code, _ := post(t, s.URL+"/hooks/nobody", body, sign); code != 404 {
		t.Errorf("unknown connection: %d", code)
	}
	if code, text := post(t, s.URL+"/hooks/broken", body, sign); code != 503 || strings.Contains(text, "CS_SECRET") {
		t.Errorf("no secret: %d %s", code, text)
	}
	if res, err := http.Get(s.URL + "/hooks/cs"); err != nil || res.StatusCode != 405 {
		t.Errorf("GET: %v %v", res, err)
	}
	for _, x := range []struct {
		err  error
		want string
	}{{ErrBusy, Busy}, {errors.New("the disk is full"), Failed}} {
		d.err = x.err
		if code, text := post(t, s.URL+"/hooks/cs", body, sign); code != 503 || strings.Contains(text, "disk") || d.counted[x.want] == 0 {
			t.Errorf("%v: %d %s, %v", x.err, code, text, d.counted)
		}
	}
	if n := h.buffered.Load(); n != 0 {
		t.Errorf("%d bytes are still counted as buffered", n)
	}
}

// endless gives zeros without a length.
type endless struct{ n int64 }

func (e *endless) Read(b []byte) (int, error) {
	if e.n <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(b)), e.n)
	e.n -= n
	return int(n), nil
}

func TestFiftyMegabytes(t *testing.T) {
	d := newDesk(plainHMAC)
	h, s := serve(t, d, Options{})
	for name, body := range map[string]io.Reader{"with a length": bytes.NewReader(make([]byte, 50<<20)), "without": &endless{50 << 20}} {
		req, _ := http.NewRequest("POST", s.URL+"/hooks/cs", body)
		res, err := http.DefaultClient.Do(req)
		// The server need not read all of it: that the client finds the connection closed is as good an answer.
		if err == nil && res.StatusCode != 413 {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	if d.counted[TooLarge] != 2 || h.buffered.Load() != 0 || len(d.events) != 0 {
		t.Errorf("%v, %d bytes buffered", d.counted, h.buffered.Load())
	}
}

// Many senders that never finish hold little memory, and are let go.
func TestSlowSenders(t *testing.T) {
	d := newDesk(plainHMAC)
	h, s := serve(t, d, Options{Patience: 300 * time.Millisecond, Buffered: 1 << 20})
	address := strings.TrimPrefix(s.URL, "http://")
	var open []net.Conn
	for range 100 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST /hooks/cs HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{")
		open = append(open, c)
	}
	body := `{"type":"Company","data":{"id":"1"}}`
	if code, text := post(t, s.URL+"/hooks/cs", body, head{"X-Signature": signed(secret, body)}); code != 200 {
		t.Errorf("an honest sender gets %d %s", code, text)
	}
	for _, c := range open {
		c.SetDeadline(time.Now().Add(5 * time.Second))
		if answer, err := io.ReadAll(c); err != nil || !bytes.Contains(answer, []byte("408")) {
			t.Fatalf("a slow sender gets %.40q, %v", answer, err)
		}
	}
	if h.buffered.Load() != 0 || d.counted[Slow] != 100 {
		t.Errorf("%d bytes buffered, %v", h.buffered.Load(), d.counted)
	}
}

func TestTheBufferIsBounded(t *testing.T) {
	d := newDesk(plainHMAC)
	h, s := serve(t, d, Options{Buffered: 10 << 10})
	code, _ := post(t, s.URL+"/hooks/cs", strings.Repeat("x", 20<<10), nil)
	if code != 503 || d.counted[Busy] != 1 || h.buffered.Load() != 0 {
		t.Errorf("%d %v", code, d.counted)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("application/json", `{"type":"Company","data":{"id":"1"}}`)
	f.Add("text/xml", outboundMessage)
	f.Add("", `[[[`)
	f.Fuzz(func(t *testing.T, kind, body string) {
		r := httptest.NewRequest("POST", "/hooks/cs", nil)
		r.Header.Set("Content-Type", kind)
		for _, items := range []string{"", ".", "events", "0"} {
			e := plainHMAC
			e.Items = items
			p, err := parse(&e, r, []byte(body))
			if err == nil {
				for _, x := range p.told {
					if len(x.object)+len(x.record)+len(x.delivery) > 3*mostText+20 {
						t.Errorf("%d bytes of names", len(x.record))
					}
				}
			}
		}
	})
}

func TestPatterns(t *testing.T) {
	for _, x := range []struct {
		pattern, name string
		want          bool
	}{{"a", "a", true}, {"a", "ab", false}, {"a*", "ab", true}, {"*", "", true}, {"a*c", "abc", true}, {"a*c", "ac", true}, {"a*a", "a", false},
		{"*b*", "abc", true}, {"a*b*c", "axbyc", true}, {"a*b*c", "acb", false}, {"", "", true}, {"", "a", false}} {
		if matches(x.pattern, x.name) != x.want {
			t.Errorf("%q and %q", x.pattern, x.name)
		}
	}
}
