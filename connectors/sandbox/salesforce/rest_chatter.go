package salesforce

import (
	"net/http"
	"strings"
)

// chatter posts to a record's feed.
func (s *System) chatter(req *request) *response {
	if len(req.path) != 2 || req.path[1] != "feed-elements" {
		return refused(errNotFound())
	}
	if req.method != http.MethodPost {
		return refused(errMethod(req.method))
	}
	var in struct {
		SubjectID string `json:"subjectId"`
		Body      struct {
			Segments []struct{ Type, Text, ID string } `json:"messageSegments"`
		} `json:"body"`
	}
	if err := decode(req.body, &in); err != nil {
		return refused(err)
	}
	if in.SubjectID == "me" {
		in.SubjectID = req.by.id
	}
	var text strings.Builder
	for _, part := range in.Body.Segments {
		if part.Type == "Mention" {
			if t, r := s.org.record(part.ID); r != nil {
				part.Text = "@" + at(t, r, "Name").text
			}
		}
		text.WriteString(part.Text)
	}
	t := s.org.table("FeedItem")
	id, err := s.org.create(t, input{"ParentId": in.SubjectID, "Body": text.String()}, req.by)
	if err != nil {
		return refused(err)
	}
	return &response{status: http.StatusCreated, records: 1, body: toJSON(map[string]any{"id": id, "type": "TextPost", "feedElementType": "FeedItem",
		"url": "/services/data/" + req.version + "/chatter/feed-elements/" + id, "body": map[string]any{"text": text.String()},
		"parent": map[string]string{"id": in.SubjectID}, "actor": map[string]string{"id": req.by.id}, "capabilities": map[string]any{}})}
}
