package diag

import (
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/syncline/syncline/lang/span"
)

// The part of SARIF 2.1.0 that code hosts and editors read.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		ShortDescription sarifText `json:"shortDescription"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
		Related   []sarifLocation `json:"relatedLocations,omitempty"`
		Fixes     []sarifFix      `json:"fixes,omitempty"`
	}
	sarifLocation struct {
		ID       int           `json:"id,omitempty"`
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifText    `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
	sarifFix struct {
		Description sarifText     `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion `json:"deletedRegion"`
		Inserted sarifText   `json:"insertedContent"`
	}
)

// WriteSARIF writes the list as a SARIF 2.1.0 log. Version is the program's, "" when unknown.
func WriteSARIF(w io.Writer, l List, version string) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "syncline", Version: version, Rules: sarifRules(l)}
	for _, d := range l {
		run.Results = append(run.Results, sarifResultOf(d, run.Tool.Driver.Rules))
	}
	return encode(w, sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{run},
	})
}

// sarifRules are the codes of the list, in order, each with its summary.
func sarifRules(l List) []sarifRule {
	rules := []sarifRule{}
	for _, d := range l {
		if !slices.ContainsFunc(rules, func(r sarifRule) bool { return r.ID == d.Code }) {
			rules = append(rules, sarifRule{d.Code, sarifText{d.Summary}})
		}
	}
	slices.SortFunc(rules, func(a, b sarifRule) int { return strings.Compare(a.ID, b.ID) })
	return rules
}

func sarifResultOf(d *Diagnostic, rules []sarifRule) sarifResult {
	r := sarifResult{
		RuleID:    d.Code,
		RuleIndex: slices.IndexFunc(rules, func(r sarifRule) bool { return r.ID == d.Code }),
		Level:     d.Severity.String(),
		Message:   sarifText{d.Summary + ": " + d.Detail},
		Locations: []sarifLocation{},
	}
	if !d.Subject.IsZero() {
		r.Locations = append(r.Locations, sarifLocation{Physical: sarifPlace(d.Subject)})
	}
	for i, rel := range d.Related {
		if !rel.Range.IsZero() {
			r.Related = append(r.Related, sarifLocation{i + 1, sarifPlace(rel.Range), &sarifText{rel.Message}})
		}
	}
	if d.Suggestion != "" && !d.Subject.IsZero() {
		place := sarifPlace(d.Subject)
		r.Fixes = []sarifFix{{
			Description: sarifText{"Write " + d.Suggestion},
			Changes: []sarifChange{{place.Artifact, []sarifReplacement{{
				Deleted: place.Region, Inserted: sarifText{d.Suggestion},
			}}}},
		}}
	}
	return r
}

func sarifPlace(r span.Range) sarifPhysical {
	start, end := r.StartPos(), r.EndPos()
	uri := (&url.URL{Path: r.Name()}).String()
	return sarifPhysical{sarifArtifact{uri}, sarifRegion{start.Line, start.Column, end.Line, end.Column}}
}
