package expr

import "github.com/syncline/syncline/lang/value"

// Texts are built in the frame's buffer and copied out once.

// appendFn appends a part to the buffer; false when the part is empty.
type appendFn func(f *Frame) bool

// part compiles a part of a text. A conversion string(x) prints x straight into the buffer.
func (c *compiler) part(n *Node) appendFn {
	if n.Op == OpConst {
		text := n.Value
		if text.IsNull() {
			return func(*Frame) bool { return false }
		}
		s := text.String()
		return func(f *Frame) bool {
			f.work.buf = append(f.work.buf, s...)
			return true
		}
	}
	if n.Op == OpCond {
		return c.choice(n)
	}
	if n.Op == OpAdd && n.Type.IsText() {
		return c.joined(n)
	}
	e := n
	if n.Op == OpCall && n.Name == "string" {
		e = n.Args[0]
	}
	a := c.operand(e)
	return func(f *Frame) bool {
		v := a.of(f)
		switch v.Kind() {
		case value.KindNull:
			return false
		case value.KindText:
			f.work.buf = append(f.work.buf, v.AsText()...)
		default:
			f.work.buf = f.appendText(f.work.buf, v)
		}
		return true
	}
}

// choice appends what a ?: gives, without making a text of it first.
func (c *compiler) choice(n *Node) appendFn {
	test, then, other := c.test(n.Args[0]), c.part(n.Args[1]), c.part(n.Args[2])
	return func(f *Frame) bool {
		t := test(f)
		if f.work.err != nil {
			return false
		}
		if f.Cover != nil {
			f.Cover.note(n, t == yes)
		}
		if t == yes {
			return then(f)
		}
		return other(f)
	}
}

// joined appends a + b + … of texts: nothing when one of them is empty. All are evaluated: an error in a later one counts.
func (c *compiler) joined(n *Node) appendFn {
	parts := c.parts(flattenAdd(nil, n))
	return func(f *Frame) bool {
		mark := len(f.work.buf)
		full := true
		for _, p := range parts {
			full = p(f) && full
		}
		if !full {
			f.work.buf = f.work.buf[:mark]
		}
		return full
	}
}

func (c *compiler) parts(nodes []*Node) []appendFn {
	out := make([]appendFn, len(nodes))
	for i, n := range nodes {
		out[i] = c.part(n)
	}
	return out
}

// concat compiles a + b + … of texts.
func (c *compiler) concat(n *Node) evalFn {
	all := c.joined(n)
	return func(f *Frame) value.Value {
		mark := len(f.work.buf)
		if !all(f) {
			return value.Null
		}
		return f.built(n, mark)
	}
}

func flattenAdd(out []*Node, n *Node) []*Node {
	if n.Op == OpAdd && n.Type.IsText() {
		return flattenAdd(flattenAdd(out, n.Args[0]), n.Args[1])
	}
	return append(out, n)
}

// text compiles a text template: an empty hole gives nothing.
func (c *compiler) text(n *Node) evalFn {
	parts := c.parts(n.Args)
	return func(f *Frame) value.Value {
		mark := len(f.work.buf)
		for _, p := range parts {
			p(f)
		}
		return f.built(n, mark)
	}
}

// built takes what was appended to the buffer since mark as a text.
func (f *Frame) built(n *Node, mark int) value.Value {
	w := &f.work
	s := w.buf[mark:]
	w.buf = w.buf[:mark]
	if len(s) > maxBuilt {
		return f.fail(n, "the text is too long")
	}
	if f.Texts != nil {
		return f.Texts.TextCopy(s)
	}
	return value.Text(string(s))
}
