package salesforce

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/syncline/syncline/lang/query"
	"github.com/syncline/syncline/lang/value"
)

// BenchmarkPage decodes a full page of 2,000 records with nine fields.
func BenchmarkPage(b *testing.B) {
	c := newOrg(b, nil).open(b, nil)
	layout := value.NewLayout("Id", "Name", "Count__c", "Number__c", "Done__c", "Day__c", "At__c", "Parent__c", "Owner.Email")
	s, err := c.shapeOf(b.Context(), query.Read{Object: "Thing__c", Layout: layout})
	if err != nil {
		b.Fatal(err)
	}
	var body bytes.Buffer
	body.WriteString(`{"totalSize":2000,"done":true,"records":[`)
	for i := range readPage {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"attributes":{"type":"Thing__c","url":"/services/data/v67.0/sobjects/Thing__c/%[1]s"},"Id":"%[1]s","Name":"Record number %[2]d","Count__c":%[2]d,"Number__c":%[2]d.5,"Done__c":true,`+
			`"Day__c":"2026-01-31","At__c":"2026-01-31T18:19:19.000+0000","Parent__c":null,"Owner":{"attributes":{"type":"User","url":"/x"},"Email":"someone@example.com"},"SystemModstamp":"2026-02-01T00:00:00.000+0000"}`, id(i), i)
	}
	body.WriteString("]}")
	d := decoder{shape: s, keep: func(value.Record) bool { return true }}
	batch := value.NewBatch(layout, readPage)
	b.SetBytes(int64(body.Len()))
	b.ReportAllocs()
	for b.Loop() {
		batch.Reset()
		if _, err := d.page(body.Bytes(), batch); err != nil || batch.Len() != readPage {
			b.Fatal(batch.Len(), err)
		}
	}
}
