package salesforce

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// request is a call on the data API, from the wire or from within a composite one.
type request struct {
	ctx     context.Context
	method  string
	path    []string // segments after the version, decoded
	query   url.Values
	header  http.Header
	body    []byte
	version string // as in the path, "v67.0"
	number  int    // 67
	by      actor
	// inner requests are part of a composite one: they run in its transaction.
	inner bool
}

// response is the answer to a request.
type response struct {
	status int
	header map[string]string
	body   []byte // JSON; nil: none
	// records is how many records were read or written.
	records int
}

func ok(body any) *response         { return &response{status: http.StatusOK, body: toJSON(body)} }
func okRaw(body []byte) *response   { return &response{status: http.StatusOK, body: body} }
func noContent() *response          { return &response{status: http.StatusNoContent} }
func refused(e *apiError) *response { return &response{status: e.httpStatus(), body: e.body()} }

func (r *response) counting(n int) *response {
	r.records = n
	return r
}

const (
	oldestVersion = 20
	newestVersion = 67
)

// versionNumber reads "v67.0"; 0 when there is no such version.
func versionNumber(text string) int {
	digits, found := strings.CutSuffix(strings.TrimPrefix(text, "v"), ".0")
	n, err := strconv.Atoi(digits)
	if !found || err != nil || !strings.HasPrefix(text, "v") || n < oldestVersion || n > newestVersion {
		return 0
	}
	return n
}

// versions lists the versions with the names of their releases.
func versions() *response {
	type version struct {
		Label   string `json:"label"`
		URL     string `json:"url"`
		Version string `json:"version"`
	}
	var out []version
	for n := oldestVersion; n <= newestVersion; n++ {
		// Spring '26 is 66; three releases a year.
		season := []string{"Spring", "Summer", "Winter"}[n%3]
		year := 4 + n/3
		if season == "Winter" {
			year++
		}
		text := strconv.Itoa(n) + ".0"
		out = append(out, version{fmt.Sprintf("%s '%02d", season, year), "/services/data/v" + text, text})
	}
	return ok(out)
}

// segments splits an escaped path after its decoding rules: a segment may hold an encoded slash.
func segments(escaped string) ([]string, error) {
	var out []string
	for part := range strings.SplitSeq(escaped, "/") {
		if part == "" {
			continue
		}
		text, err := url.PathUnescape(part)
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}

// parameters reads a query string. A bare semicolon is a character like any other, which net/url thinks no more.
func parameters(raw string) (url.Values, error) {
	return url.ParseQuery(strings.ReplaceAll(raw, ";", "%3B"))
}

// decode reads a JSON body, numbers as written.
func decode(body []byte, into any) *apiError {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		if errors.Is(err, io.EOF) {
			return fail("JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body.")
		}
		return errParse(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fail("JSON_PARSER_ERROR", "Unexpected character after the end of the JSON body")
	}
	return nil
}

// record reads a body that is one record.
func (r *request) record() (input, *apiError) {
	var in any
	if err := decode(r.body, &in); err != nil {
		return nil, err
	}
	m, isObject := in.(map[string]any)
	if !isObject {
		return nil, fail("JSON_PARSER_ERROR", "Cannot deserialize a record: the body must be a JSON object")
	}
	return m, nil
}

// send writes a response to the wire.
func (s *System) send(w http.ResponseWriter, res *response) {
	h := w.Header()
	h.Set("Cache-Control", "no-cache,must-revalidate,max-age=0,no-store,private")
	h.Set("Vary", "Accept-Encoding")
	for k, v := range res.header {
		h.Set(k, v)
	}
	if res.body != nil {
		h.Set("Content-Type", "application/json;charset=UTF-8")
		h.Set("Content-Length", strconv.Itoa(len(res.body)))
	}
	w.WriteHeader(res.status)
	_, _ = w.Write(res.body)
}
