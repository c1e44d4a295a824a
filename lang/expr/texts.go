package expr

import (
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/syncline/syncline/lang/value"
)

// The functions on texts. Positions and lengths count code points.

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func upperASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - ('a' - 'A')
		}
		return r
	}, s)
}

func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	up := unicode.ToUpper(r)
	if up == r {
		return s
	}
	return string(up) + s[n:]
}

// truncate cuts to n characters and drops white space before the cut.
func truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return strings.TrimRightFunc(s[:i], unicode.IsSpace)
		}
		n--
	}
	return s
}

func opTruncate(f *Frame, n *Node, a, b value.Value) value.Value {
	i, ok := whole(b)
	if !ok || i < 0 {
		return f.fail(n, "the length must be a whole number from 0")
	}
	return value.Text(truncate(a.AsText(), int(min(i, 1<<30))))
}

func replace(f *Frame, n *Node, args []value.Value) value.Value {
	limit := int64(-1)
	if len(args) == 4 {
		limit = args[3].AsInt()
	}
	s, from, to := args[0].AsText(), args[1].AsText(), args[2].AsText()
	if grow := len(to) - len(from); grow > 0 && strings.Count(s, from)*grow > maxBuilt {
		return f.fail(n, "the text is too long")
	}
	return value.Text(strings.Replace(s, from, to, clampInt(limit)))
}

// maxBuilt is the longest text that an expression may build: beyond every field of every system.
const maxBuilt = 16 << 20

func clampInt(i int64) int { return int(max(min(i, 1<<30), -1)) }

func split(_ *Frame, _ *Node, args []value.Value) value.Value {
	limit := int64(-1)
	if len(args) == 3 {
		limit = args[2].AsInt()
	}
	return textList(strings.SplitN(args[0].AsText(), args[1].AsText(), clampInt(limit)))
}

func textList(texts []string) value.Value {
	items := make([]value.Value, len(texts))
	for i, s := range texts {
		items[i] = value.Text(s)
	}
	return value.List(items)
}

func joinTexts(f *Frame, n *Node, args []value.Value) value.Value {
	sep := ""
	if len(args) == 2 {
		sep = args[1].AsText()
	}
	var b strings.Builder
	for i, item := range args[0].AsList() {
		if i > 0 {
			b.WriteString(sep)
		}
		if item.Kind() != value.KindText {
			return f.fail(n, "join needs a list of texts, this one holds %s", article(item.Kind()))
		}
		b.WriteString(item.AsText())
		if b.Len() > maxBuilt {
			return f.fail(n, "the text is too long")
		}
	}
	return value.Text(b.String())
}

// byteOf converts a position in characters, false beyond the end.
func byteOf(s string, pos int64) (int, bool) {
	if pos < 0 {
		return 0, false
	}
	for i := range s {
		if pos == 0 {
			return i, true
		}
		pos--
	}
	return len(s), pos == 0
}

func substring(f *Frame, n *Node, args []value.Value) value.Value {
	s := args[0].AsText()
	from, ok := byteOf(s, args[1].AsInt())
	if !ok {
		return f.fail(n, "position %d is outside the text of %d characters", args[1].AsInt(), utf8.RuneCountInString(s))
	}
	if len(args) == 2 {
		return value.Text(s[from:])
	}
	to, ok := byteOf(s, args[2].AsInt())
	if !ok || to < from {
		return f.fail(n, "positions %d to %d are outside the text of %d characters", args[1].AsInt(), args[2].AsInt(), utf8.RuneCountInString(s))
	}
	return value.Text(s[from:to])
}

func charAt(f *Frame, n *Node, a, b value.Value) value.Value {
	s := a.AsText()
	i, ok := byteOf(s, b.AsInt())
	if !ok {
		return f.fail(n, "position %d is outside the text of %d characters", b.AsInt(), utf8.RuneCountInString(s))
	}
	_, w := utf8.DecodeRuneInString(s[i:])
	return value.Text(s[i : i+w])
}

func indexOf(f *Frame, n *Node, args []value.Value) value.Value {
	s, from := args[0].AsText(), 0
	if len(args) == 3 {
		var ok bool
		if from, ok = byteOf(s, args[2].AsInt()); !ok {
			if args[2].AsInt() < 0 {
				return f.fail(n, "position %d is outside the text", args[2].AsInt())
			}
			return value.Int(-1)
		}
	}
	i := strings.Index(s[from:], args[1].AsText())
	if i < 0 {
		return value.Int(-1)
	}
	return value.Int(int64(utf8.RuneCountInString(s[:from+i])))
}

func lastIndexOf(f *Frame, n *Node, args []value.Value) value.Value {
	s, part := args[0].AsText(), args[1].AsText()
	end := len(s)
	if len(args) == 3 {
		from, ok := byteOf(s, args[2].AsInt())
		if !ok {
			if args[2].AsInt() < 0 {
				return f.fail(n, "position %d is outside the text", args[2].AsInt())
			}
			return value.Int(-1)
		}
		end = min(len(s), from+len(part))
	}
	i := strings.LastIndex(s[:end], part)
	if i < 0 {
		return value.Int(-1)
	}
	return value.Int(int64(utf8.RuneCountInString(s[:i])))
}

func before(_ *Frame, _ *Node, a, b value.Value) value.Value {
	head, _, _ := strings.Cut(a.AsText(), b.AsText())
	return value.Text(head)
}

func after(_ *Frame, _ *Node, a, b value.Value) value.Value {
	_, tail, ok := strings.Cut(a.AsText(), b.AsText())
	if !ok || tail == "" {
		return value.Null
	}
	return value.Text(tail)
}

func firstWord(s string) string {
	s = strings.TrimLeftFunc(s, unicode.IsSpace)
	if i := strings.IndexFunc(s, unicode.IsSpace); i >= 0 {
		return s[:i]
	}
	return s
}

func lastWord(s string) string {
	s = strings.TrimRightFunc(s, unicode.IsSpace)
	i := strings.LastIndexFunc(s, unicode.IsSpace)
	if i < 0 {
		return s
	}
	_, w := utf8.DecodeRuneInString(s[i:])
	return s[i+w:]
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

func padLeft(f *Frame, n *Node, args []value.Value) value.Value {
	s, fill := args[0].AsText(), args[2].AsText()
	missing := args[1].AsInt() - int64(utf8.RuneCountInString(s))
	switch {
	case utf8.RuneCountInString(fill) != 1:
		return f.fail(n, "the third argument of pad_left is one character")
	case missing <= 0:
		return args[0]
	case missing > maxBuilt:
		return f.fail(n, "the text is too long")
	}
	return value.Text(strings.Repeat(fill, int(missing)) + s)
}

func reverseText(s string) string {
	runes := []rune(s)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	return string(runes)
}

// quote is CEL's strings.quote: only the escapes of CEL, all else as it is.
func quote(s string) string {
	r := strings.NewReplacer("\a", `\a`, "\b", `\b`, "\f", `\f`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\v", `\v`, `\`, `\\`, `"`, `\"`)
	return `"` + r.Replace(strings.ToValidUTF8(s, "\uFFFD")) + `"`
}

func emailDomain(f *Frame, n *Node, a value.Value) value.Value {
	s := a.AsText()
	i := strings.LastIndexByte(s, '@')
	if i < 0 || i+1 == len(s) {
		return value.Null
	}
	if s = s[i+1:]; s[len(s)-1] <= ' ' || s[len(s)-1] == '>' || s[len(s)-1] >= utf8.RuneSelf {
		s = strings.TrimRightFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '>' })
	}
	return f.lower(n, s)
}

// lower is a text in lower case; most are so already.
func (f *Frame) lower(n *Node, s string) value.Value {
	upper := false
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf || len(s) > maxBuilt {
			return value.Text(strings.ToLower(s))
		}
		upper = upper || c-'A' <= 'Z'-'A'
	}
	if !upper {
		return value.Text(s)
	}
	w := &f.work
	mark := len(w.buf)
	w.buf = append(w.buf, s...)
	for i, c := range w.buf[mark:] {
		if c-'A' <= 'Z'-'A' {
			w.buf[mark+i] = c + 'a' - 'A'
		}
	}
	return f.built(n, mark)
}

// blockTags end a line in the text of an HTML fragment.
var blockTags = map[string]bool{"p": true, "br": true, "div": true, "li": true, "tr": true, "ul": true, "ol": true, "table": true,
	"h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true, "blockquote": true, "pre": true}

func stripHTML(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return s
	}
	var b strings.Builder
	for s != "" {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		name, rest, ok := htmlTag(s[i:])
		if !ok {
			b.WriteByte('<')
			s = s[i+1:]
			continue
		}
		if blockTags[name] {
			b.WriteByte('\n')
		}
		s = rest
	}
	var lines []string
	for line := range strings.SplitSeq(html.UnescapeString(b.String()), "\n") {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// htmlTag reads a tag or comment; s begins with '<'. The text of script and style goes with them.
func htmlTag(s string) (name, rest string, ok bool) {
	if strings.HasPrefix(s, "<!--") {
		if i := strings.Index(s, "-->"); i >= 0 {
			return "", s[i+3:], true
		}
		return "", "", true
	}
	shut := strings.IndexByte(s, '>')
	if shut < 2 || !(isLetter(s[1]) || s[1] == '/' || s[1] == '!') {
		return "", "", false
	}
	name = strings.ToLower(strings.TrimLeft(s[1:shut], "/"))
	if i := strings.IndexFunc(name, func(r rune) bool { return r == '/' || unicode.IsSpace(r) }); i >= 0 {
		name = name[:i]
	}
	rest = s[shut+1:]
	if (name == "script" || name == "style") && s[1] != '/' {
		if i := strings.Index(strings.ToLower(rest), "</"+name); i >= 0 {
			rest = rest[i:]
		}
	}
	return name, rest, true
}

// legalForms are dropped from the end of company names.
var legalForms = map[string]bool{"inc": true, "incorporated": true, "corp": true, "corporation": true, "co": true, "company": true,
	"ltd": true, "limited": true, "llc": true, "llp": true, "lp": true, "plc": true, "gmbh": true, "ag": true, "kg": true, "se": true,
	"sa": true, "sas": true, "sarl": true, "srl": true, "spa": true, "bv": true, "nv": true, "ab": true, "as": true, "oy": true,
	"oyj": true, "aps": true, "pty": true, "pte": true, "kk": true, "holding": true, "holdings": true, "group": true}

// normalizeName keeps letters and digits, folded, and drops the legal forms at the end.
func normalizeName(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r), r == '.', r == '\'', r == '’':
		case r == '&', r == '+':
			b.WriteString(" and ")
		case r == 'ß':
			b.WriteString("ss")
		case r == 'ø' || r == 'Ø':
			b.WriteByte('o')
		case r == 'æ' || r == 'Æ':
			b.WriteString("ae")
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteByte(' ')
		}
	}
	words := strings.Fields(b.String())
	for len(words) > 1 && (legalForms[words[len(words)-1]] || words[len(words)-1] == "and") {
		words = words[:len(words)-1]
	}
	if len(words) > 1 && words[0] == "the" {
		words = words[1:]
	}
	return strings.Join(words, " ")
}

// similarity is the Sørensen–Dice coefficient of the pairs of neighbouring characters in each word.
func similarity(a, b string) float64 {
	x, y := pairsOf(a), pairsOf(b)
	if len(x) == 0 || len(y) == 0 {
		if strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) {
			return 1
		}
		return 0
	}
	left := map[[2]rune]int{}
	for _, p := range x {
		left[p]++
	}
	shared := 0
	for _, p := range y {
		if left[p] > 0 {
			left[p]--
			shared++
		}
	}
	return float64(2*shared) / float64(len(x)+len(y))
}

func pairsOf(s string) [][2]rune {
	var out [][2]rune
	for _, word := range strings.Fields(strings.ToLower(s)) {
		runes := []rune(word)
		if len(runes) == 1 {
			out = append(out, [2]rune{runes[0], 0})
		}
		for i := 1; i < len(runes); i++ {
			out = append(out, [2]rune{runes[i-1], runes[i]})
		}
	}
	return out
}

// grouped writes a whole number's digits in groups of three.
func grouped(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, frac, point := strings.Cut(s, ".")
	var b strings.Builder
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	if point {
		b.WriteString("." + frac)
	}
	return sign + b.String()
}

// fixed writes a number with so many decimals, rounded half away from zero.
func fixed(x float64, decimals int) string {
	return strconv.FormatFloat(value.Round(x, decimals), 'f', decimals, 64)
}
