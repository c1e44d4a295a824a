package salesforce

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
)

// versioned puts the caller's version into an answer that was written before.
func versioned(data []byte, version string) []byte {
	return bytes.ReplaceAll(data, []byte(versionMark), []byte("/services/data/"+version+"/"))
}

// unchanged answers conditional requests on metadata, which does not change while the sandbox runs. Who names another
// date than that of now, also a later one, has seen other metadata.
func (s *System) unchanged(req *request, etag string) *response {
	header := map[string]string{"Last-Modified": s.described.Format(http.TimeFormat), "ETag": etag}
	since, err := http.ParseTime(req.header.Get("If-Modified-Since"))
	if err == nil && s.described.Equal(since) || req.header.Get("If-None-Match") == etag && etag != "" {
		return &response{status: http.StatusNotModified, header: header}
	}
	return &response{status: http.StatusOK, header: header}
}

func (s *System) describeGlobal(req *request) *response {
	if req.method != http.MethodGet {
		return refused(errMethod(req.method))
	}
	res := s.unchanged(req, `"`+strconv.FormatInt(s.described.Unix(), 16)+`"`)
	if res.status != http.StatusOK {
		return res
	}
	b := []byte(`{"encoding":"UTF-8","maxBatchSize":200,"sobjects":[`)
	for i, name := range s.objectNames() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, s.org.objects[strings.ToLower(name)].global...)
	}
	res.body = versioned(append(b, "]}"...), req.version)
	return res
}

func (s *System) basicInfo(req *request, t *table) *response {
	if req.method != http.MethodGet {
		return refused(errMethod(req.method))
	}
	b := append([]byte(`{"objectDescribe":`), t.global...)
	return okRaw(versioned(append(b, `,"recentItems":[]}`...), req.version))
}

func (s *System) describe(req *request, t *table) *response {
	if req.method != http.MethodGet {
		return refused(errMethod(req.method))
	}
	res := s.unchanged(req, t.etag)
	if res.status == http.StatusOK {
		res.body = versioned(t.object.describe, req.version)
	}
	return res
}
