package diag

import (
	"encoding/json"
	"io"

	"github.com/syncline/syncline/lang/span"
)

// Report is a list of diagnostics for machines. Its JSON is a contract: fields are added, never changed.
type Report struct {
	Diagnostics []Message `json:"diagnostics"`
	Errors      int       `json:"errors"`
	Warnings    int       `json:"warnings"`
}

// Message is one diagnostic of a Report.
type Message struct {
	Severity   string           `json:"severity"`
	Code       string           `json:"code"`
	Summary    string           `json:"summary"`
	Detail     string           `json:"detail"`
	Range      *Place           `json:"range"` // null when it concerns the project as a whole
	Related    []RelatedMessage `json:"related"`
	Suggestion string           `json:"suggestion"`
}

// RelatedMessage is another place that contributes.
type RelatedMessage struct {
	Message string `json:"message"`
	Range   *Place `json:"range"`
}

// Place is a range of a file, lines and columns from 1.
type Place struct {
	File  string   `json:"file"`
	Start span.Pos `json:"start"`
	End   span.Pos `json:"end"`
}

// NewReport converts a list.
func NewReport(l List) Report {
	r := Report{Diagnostics: make([]Message, 0, len(l)), Errors: l.Errors(), Warnings: l.Warnings()}
	for _, d := range l {
		m := Message{
			Severity: d.Severity.String(), Code: d.Code, Summary: d.Summary, Detail: d.Detail,
			Range: placeOf(d.Subject), Related: make([]RelatedMessage, 0, len(d.Related)), Suggestion: d.Suggestion,
		}
		for _, rel := range d.Related {
			m.Related = append(m.Related, RelatedMessage{rel.Message, placeOf(rel.Range)})
		}
		r.Diagnostics = append(r.Diagnostics, m)
	}
	return r
}

func placeOf(r span.Range) *Place {
	if r.IsZero() {
		return nil
	}
	return &Place{r.Name(), r.StartPos(), r.EndPos()}
}

// WriteJSON writes the report of a list.
func WriteJSON(w io.Writer, l List) error {
	return encode(w, NewReport(l))
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
