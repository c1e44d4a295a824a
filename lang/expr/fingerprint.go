package expr

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"github.com/syncline/syncline/lang/value"
)

// fingerprint hashes what an expression means. The zone is part of it where days are.
func fingerprint(n *Node, zone *time.Location) string {
	text := appendCanonical(nil, n)
	if usesZone(n) {
		text = append(text, " in "...)
		text = append(text, zone.String()...)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:12])
}

func usesZone(n *Node) bool {
	found := false
	n.Walk(func(m *Node) bool {
		switch {
		case m.Op == OpCall && m.fn != nil && m.fn.Zone,
			m.Op == OpAdd || m.Op == OpSub || m.Op == OpText:
			found = true
		}
		return !found
	})
	return found
}

// appendCanonical writes the tree as nested lists. Names of local variables, places and spelling do not appear.
func appendCanonical(b []byte, n *Node) []byte {
	b = append(b, '(')
	b = strconv.AppendInt(b, int64(n.Op), 10)
	switch n.Op {
	case OpConst:
		b = appendValue(append(b, ' '), n.Value)
	case OpField, OpPresent:
		b = strconv.AppendInt(append(b, ' '), int64(n.Root), 10)
		b = strconv.AppendQuote(append(b, ' '), n.Path)
	case OpLocal:
		b = strconv.AppendInt(append(b, ' '), int64(n.Local), 10)
	case OpLet, OpLoop:
		b = append(append(b, ' '), n.Name...)
		b = strconv.AppendInt(append(b, ' '), int64(n.Local), 10)
	case OpCall:
		b = append(append(b, ' '), n.Name...)
	case OpTable:
		b = appendTable(append(b, ' '), n.Table)
	}
	for _, a := range n.Args {
		b = appendCanonical(b, a)
	}
	return append(b, ')')
}

// sameMeaning tells whether two nodes have the same canonical text, without writing it.
func sameMeaning(a, b *Node) bool {
	if a == b {
		return true
	}
	if a.Op != b.Op || len(a.Args) != len(b.Args) {
		return false
	}
	same := true
	switch a.Op {
	case OpConst:
		same = a.Value.Kind() == b.Value.Kind() && bytes.Equal(appendValue(nil, a.Value), appendValue(nil, b.Value))
	case OpField, OpPresent:
		same = a.Root == b.Root && a.Path == b.Path
	case OpLocal:
		same = a.Local == b.Local
	case OpLet, OpLoop:
		same = a.Name == b.Name && a.Local == b.Local
	case OpCall:
		same = a.Name == b.Name
	case OpTable:
		same = a.Table == b.Table || bytes.Equal(appendTable(nil, a.Table), appendTable(nil, b.Table))
	}
	return same && slices.EqualFunc(a.Args, b.Args, sameMeaning)
}

func appendTable(b []byte, t *Table) []byte {
	b = strconv.AppendBool(append(b, '{'), t.IgnoreCase)
	for _, k := range sortedKeys(t.Rows) {
		b = strconv.AppendQuote(append(b, ' '), k)
		b = appendValue(append(b, '='), t.Rows[k])
	}
	if t.Default != nil {
		b = appendValue(append(b, " else "...), *t.Default)
	}
	return append(b, '}')
}

func appendValue(b []byte, v value.Value) []byte {
	b = append(append(b, v.Kind().String()...), ':')
	switch v.Kind() {
	case value.KindText:
		return strconv.AppendQuote(b, v.AsText())
	case value.KindList:
		b = append(b, '[')
		for _, item := range v.AsList() {
			b = append(appendValue(b, item), ' ')
		}
		return append(b, ']')
	}
	return v.AppendText(b)
}

func sortedKeys(rows map[string]value.Value) []string {
	keys := make([]string, 0, len(rows))
	for k := range rows {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
