package engine

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/syncline/syncline/lang/plan"
	"github.com/syncline/syncline/lang/value"
)

// A shadow is the mapped values last agreed, in the order of the map, behind a tag of the rule's meaning: under
// another meaning the values stand for something else and are not trusted. Fields that are written only in a
// create, or only beside others, are left out: their values say nothing about whether the two sides agree.

// notAgreed is in the place of the shadow of a record whose target may hold anything. It is the rule's all the same, so that
// on_leave counts for it: a record without a shadow has left, or was never written.
var notAgreed = []byte{0}

func (r *runner) shadow(want []value.Value) []byte {
	b := r.tag(make([]byte, 0, 16+16*len(want)))
	for i, v := range want {
		if m := r.p.Map[i].Write; m == plan.WriteOnCreate || m == plan.WriteWithChanges {
			v = value.Null
		}
		b = v.AppendBinary(b)
	}
	return b
}

func (r *runner) tag(b []byte) []byte {
	return binary.BigEndian.AppendUint64(b, r.meaning)
}

// agreed tells whether the mapped values are those last agreed.
func (r *runner) agreed(it *item) bool {
	return it.rec.Shadow != nil && it.rec.Target == it.target && bytes.Equal(r.shadow(it.want), it.rec.Shadow)
}

// tagged gives the values behind a tag; nil when they are of another meaning, or none.
func tagged(b, tag []byte, width int) value.Record {
	if len(b) < len(tag) || !bytes.Equal(b[:len(tag)], tag) {
		return nil
	}
	values, err := value.DecodeRecord(b[len(tag):])
	if err != nil || len(values) != width {
		return nil
	}
	return values
}

// isShadow tells whether a shadow is of the rule as it is now.
func (r *runner) isShadow(b []byte) bool {
	return len(b) >= 8 && binary.BigEndian.Uint64(b) == r.meaning
}

func (r *runner) shadowValues(b []byte) value.Record { return tagged(b, r.tag(nil), len(r.p.Map)) }

// fields is what a time-dependent rule keeps of a source record, to evaluate it again without reading it. Its tag
// covers which fields these are.
func (r *runner) fields(src value.Record) []byte {
	b := r.fieldsTag()
	for _, v := range src {
		b = v.AppendBinary(b)
	}
	return b
}

func (r *runner) fieldsTag() []byte {
	return binary.BigEndian.AppendUint64(nil, fnv64(r.p.Meaning+strings.Join(r.p.Source.Names, "\x00")))
}

func (r *runner) keptFields(b []byte) value.Record {
	return tagged(b, r.fieldsTag(), r.p.Source.Len())
}

// keepsFields tells whether the rule needs to keep source fields: its results change with time, and its source
// gives only what changed.
func (r *runner) keepsFields() bool {
	return r.p.TimeDependent && r.p.From.Object.Modified != "" && r.p.Match != nil
}
