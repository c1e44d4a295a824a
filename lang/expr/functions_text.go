package expr

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/syncline/syncline/lang/value"
)

func textFunctions() []*Function {
	const group = "Text"
	return []*Function{
		{Name: "size", Group: group, standard: true, Doc: "Number of characters of a text, or of items of a list.", Example: `size("Zoë") → 3`,
			overloads: []*overload{
				takes(pText).gives(value.KindInt).do1(func(_ *Frame, _ *Node, a value.Value) value.Value {
					return value.Int(int64(utf8.RuneCountInString(a.AsText())))
				}),
				takes(pList).gives(value.KindInt).do1(func(_ *Frame, _ *Node, a value.Value) value.Value {
					return value.Int(int64(len(a.AsList())))
				}),
			}},
		{Name: "contains", Group: group, standard: true, Predicate: true, Doc: "Whether the text holds another, case counts.",
			Example: `"Acme Corp".contains("Corp") → true`, overloads: []*overload{textTest(strings.Contains)}},
		{Name: "startsWith", Group: group, standard: true, Predicate: true, Doc: "Whether the text begins with another, case counts.",
			Example: `"Acme Corp".startsWith("Acme") → true`, overloads: []*overload{textTest(strings.HasPrefix)}},
		{Name: "endsWith", Group: group, standard: true, Predicate: true, Doc: "Whether the text ends with another, case counts.",
			Example: `"jo@acme.com".endsWith(".com") → true`, overloads: []*overload{textTest(strings.HasSuffix)}},
		{Name: "matches", Group: group, standard: true, Predicate: true, Doc: "Whether a part of the text matches a regular expression (RE2). Anchor it with ^ and $ to match all of the text.",
			Example: `"INV-042".matches(r"^INV-\d+$") → true`, prepare: preparePattern,
			overloads: []*overload{takes(pText, pText).gives(value.KindBool).do2(matches)}},
		{Name: "lower", Group: group, Doc: "The text in lower case.", Example: `lower("ÉCOLE") → "école"`,
			overloads: []*overload{takes(pText).gives(value.KindText).do1(func(f *Frame, n *Node, a value.Value) value.Value { return f.lower(n, a.AsText()) })}, refine: keepsSet(strings.ToLower)},
		{Name: "upper", Group: group, Doc: "The text in upper case.", Example: `upper("école") → "ÉCOLE"`,
			overloads: []*overload{text1(strings.ToUpper)}, refine: keepsSet(strings.ToUpper)},
		{Name: "lowerAscii", Group: group, standard: true, Doc: "The text with A to Z in lower case.", Example: `"ABC".lowerAscii() → "abc"`,
			overloads: []*overload{text1(lowerASCII)}, refine: keepsSet(lowerASCII)},
		{Name: "upperAscii", Group: group, standard: true, Doc: "The text with a to z in upper case.", Example: `"abc".upperAscii() → "ABC"`,
			overloads: []*overload{text1(upperASCII)}, refine: keepsSet(upperASCII)},
		{Name: "capitalize", Group: group, Doc: "The text with its first letter in upper case.", Example: `capitalize("renewal") → "Renewal"`,
			overloads: []*overload{text1(capitalize)}, refine: keepsSet(capitalize)},
		{Name: "trim", Group: group, standard: true, Doc: "The text without white space at its ends.", Example: `trim("  Acme ") → "Acme"`,
			overloads: []*overload{text1(strings.TrimSpace)}, refine: keepsSet(strings.TrimSpace)},
		{Name: "truncate", Group: group, Doc: "The text cut to at most so many characters, without white space before the cut. Use it where a text may be longer than its field.",
			Example: `truncate("Acme Corporation", 7) → "Acme Co"`, refine: refineTruncate,
			overloads: []*overload{takes(pText, pNum).gives(value.KindText).do2(opTruncate)}},
		{Name: "replace", Group: group, standard: true, Doc: "The text with every occurrence of one text replaced by another, or only the first n.",
			Example: `"a-b-c".replace("-", "/") → "a/b/c"`, overloads: []*overload{
				takes(pText, pText, pText).gives(value.KindText).doN(replace),
				takes(pText, pText, pText, pInt).gives(value.KindText).doN(replace)}},
		{Name: "split", Group: group, standard: true, Doc: "The parts of the text between separators, or the first n parts.",
			Example: `"a;b;c".split(";") → ["a", "b", "c"]`, overloads: []*overload{
				takes(pText, pText).givesTexts().doN(split), takes(pText, pText, pInt).givesTexts().doN(split)}},
		{Name: "join", Group: group, standard: true, Doc: "The texts of a list as one text, with a separator between them.",
			Example: `["a", "b"].join(", ") → "a, b"`, overloads: []*overload{
				takes(pList).gives(value.KindText).doN(joinTexts), takes(pList, pText).gives(value.KindText).doN(joinTexts)}},
		{Name: "substring", Group: group, standard: true, Doc: "The characters from one position up to another or the end; positions count from 0.",
			Example: `"Syncline".substring(0, 4) → "Sync"`, refine: keepsLength, overloads: []*overload{
				takes(pText, pInt).gives(value.KindText).doN(substring), takes(pText, pInt, pInt).gives(value.KindText).doN(substring)}},
		{Name: "charAt", Group: group, standard: true, Doc: "The character at a position; positions count from 0.", Example: `"abc".charAt(1) → "b"`,
			overloads: []*overload{takes(pText, pInt).gives(value.KindText).do2(charAt)}},
		{Name: "indexOf", Group: group, standard: true, Doc: "The position of the first occurrence, from a position on, or -1.", Example: `"banana".indexOf("an") → 1`,
			overloads: []*overload{takes(pText, pText).gives(value.KindInt).doN(indexOf), takes(pText, pText, pInt).gives(value.KindInt).doN(indexOf)}},
		{Name: "lastIndexOf", Group: group, standard: true, Doc: "The position of the last occurrence, up to a position, or -1.", Example: `"banana".lastIndexOf("an") → 3`,
			overloads: []*overload{takes(pText, pText).gives(value.KindInt).doN(lastIndexOf), takes(pText, pText, pInt).gives(value.KindInt).doN(lastIndexOf)}},
		{Name: "before", Group: group, Doc: "What stands before the first separator; all of the text when it has none.", Example: `before("jo@acme.com", "@") → "jo"`,
			refine: keepsLength, overloads: []*overload{takes(pText, pText).gives(value.KindText).do2(before)}},
		{Name: "after", Group: group, Doc: "What stands after the first separator; empty when the text has none.", Example: `after("jo@acme.com", "@") → "acme.com"`,
			refine: keepsLengthOrEmpty, overloads: []*overload{takes(pText, pText).gives(value.KindText).do2(after)}},
		{Name: "first_word", Group: group, Doc: "The text up to its first white space.", Example: `first_word("Ada King Lovelace") → "Ada"`,
			refine: keepsSet(firstWord), overloads: []*overload{text1(firstWord)}},
		{Name: "last_word", Group: group, Doc: "The text after its last white space.", Example: `last_word("Ada King Lovelace") → "Lovelace"`,
			refine: keepsSet(lastWord), overloads: []*overload{text1(lastWord)}},
		{Name: "digits", Group: group, Doc: "Only the digits of the text, for phone numbers and codes.", Example: `digits("+1 (555) 010-42") → "155501042"`,
			refine: keepsSet(digits), overloads: []*overload{text1(digits)}},
		{Name: "pad_left", Group: group, Doc: "The text, filled on the left with a character up to a length.", Example: `pad_left("42", 6, "0") → "000042"`,
			overloads: []*overload{takes(pText, pInt, pText).gives(value.KindText).doN(padLeft)}},
		{Name: "strip_html", Group: group, Doc: "The text of an HTML fragment: tags removed, entities decoded, one line break for each block.",
			Example: `strip_html("<p>Tom &amp; Jo</p>") → "Tom & Jo"`, refine: keepsLength, overloads: []*overload{text1(stripHTML)}},
		{Name: "email_domain", Group: group, Doc: "What follows the last @ of an address, in lower case; empty when there is none.",
			Example: `email_domain("Jo@Acme.COM") → "acme.com"`, refine: keepsLengthOrEmpty,
			overloads: []*overload{takes(pText).gives(value.KindText).do1(emailDomain)}},
		{Name: "normalize_name", Group: group, Doc: "A company's name for comparison: lower case, no accents or punctuation, no legal form.",
			Example: `normalize_name("Ácme, Inc.") → "acme"`, overloads: []*overload{text1(normalizeName)}},
		{Name: "similarity", Group: group, Doc: "How alike two texts are, from 0 to 1, by shared pairs of characters; case and order of words do not count.",
			Example: `similarity("Acme Corp", "ACME corp") → 1`,
			overloads: []*overload{takes(pText, pText).gives(value.KindFloat).do2(func(_ *Frame, _ *Node, a, b value.Value) value.Value {
				return value.Float(similarity(a.AsText(), b.AsText()))
			})}},
		{Name: "sf_id18", Group: group, Doc: "The 18-character form of a 15-character Salesforce id; any other text as it is.",
			Example: `sf_id18("001A000000abcDE") → "001A000000abcDEIAY"`, overloads: []*overload{text1(value.LongID)}},
		{Name: "reverse", Group: group, standard: true, Doc: "The characters of a text, or the items of a list, in the opposite order.", Example: `reverse([1, 2, 3]) → [3, 2, 1]`,
			refine: keepsElem, overloads: []*overload{text1(reverseText), takes(pList).gives(value.KindList).do1(reverseList)}},
		{Name: "strings.quote", Group: group, standard: true, Doc: "The text in double quotes, with escapes.", Example: `strings.quote("a\"b") → "\"a\\\"b\""`,
			overloads: []*overload{text1(quote)}},
	}
}

func keepsLength(n *Node) { n.Type.MaxLength = n.Args[0].Type.MaxLength }

func keepsLengthOrEmpty(n *Node) {
	keepsLength(n)
	n.Type.Nullable = true
}

func keepsElem(n *Node) {
	if arg := n.Args[0].Type; n.Type.Kind == value.KindList && arg.Kind == value.KindList {
		n.Type.elem = arg.elem
	}
}

func refineTruncate(n *Node) {
	arg := n.Args[0].Type
	limit := n.Args[1].Type.Const
	n.Type.MaxLength = arg.MaxLength
	if limit == nil {
		return
	}
	if i, ok := whole(*limit); ok && i > 0 && i < 1<<30 {
		if arg.MaxLength == 0 || int(i) < arg.MaxLength {
			n.Type.MaxLength = int(i)
		}
		n.Type.Texts = mapTexts(arg.Texts, func(s string) string { return truncate(s, int(i)) })
	}
}

func preparePattern(n *Node) (any, error) {
	pattern := n.Args[1].Type.Const
	if pattern == nil || pattern.Kind() != value.KindText {
		return nil, nil
	}
	return regexp.Compile(pattern.AsText())
}

func matches(f *Frame, n *Node, a, b value.Value) value.Value {
	if re, ok := n.prepared.(*regexp.Regexp); ok {
		return value.Bool(re.MatchString(a.AsText()))
	}
	re, err := regexp.Compile(b.AsText())
	if err != nil {
		return f.fail(n, "the pattern is wrong: %v", err)
	}
	return value.Bool(re.MatchString(a.AsText()))
}
