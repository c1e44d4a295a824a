package expr

import (
	"time"

	"github.com/syncline/syncline/lang/value"
)

// appendText prints a value into a text: as Value.AppendText, with datetimes in the rule's zone.
func (f *Frame) appendText(dst []byte, v value.Value) []byte {
	switch v.Kind() {
	case value.KindTime:
		zone := f.work.zone
		if zone == nil {
			zone = time.UTC
		}
		return v.AsTime().In(zone).AppendFormat(dst, time.RFC3339Nano)
	case value.KindList:
		for i, item := range v.AsList() {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = f.appendText(dst, item)
		}
		return dst
	}
	return v.AppendText(dst)
}
