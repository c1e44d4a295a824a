package slack

import (
	"regexp"
	"strings"
)

var (
	// reference is what Slack resolves: a link, a person, a channel.
	reference = regexp.MustCompile(`^<(?:(?:https?://|mailto:|tel:)[^<>\s]+(?:\|[^<>]*)?|@[UW][A-Z0-9]+(?:\|[^<>]*)?|#[CG][A-Z0-9]+(?:\|[^<>]*)?|!date\^[^<>]*)>`)
	// broadcast calls many people at once.
	broadcast = regexp.MustCompile(`^<!(?:channel|here|everyone|group|subteam\^[A-Z0-9]+)(?:\|[^<>]*)?>`)
	entity    = regexp.MustCompile(`^&(?:amp|lt|gt);`)
)

// markup makes a text what Slack shows as the text: links and mentions stay, other <, > and & are escaped. A
// name in a record can hold anything; it must neither vanish nor call the whole channel.
func markup(text string, broadcasts bool) string {
	if !strings.ContainsAny(text, "<>&") {
		return text
	}
	var out strings.Builder
	for len(text) > 0 {
		i := strings.IndexAny(text, "<>&")
		if i < 0 {
			break
		}
		out.WriteString(text[:i])
		text = text[i:]
		kept := ""
		switch {
		case text[0] == '&':
			kept = entity.FindString(text)
		case text[0] == '<':
			if kept = reference.FindString(text); kept == "" && broadcasts {
				kept = broadcast.FindString(text)
			}
		}
		if kept == "" {
			kept = text[:1]
			out.WriteString(map[string]string{"<": "&lt;", ">": "&gt;", "&": "&amp;"}[kept])
		} else {
			out.WriteString(kept)
		}
		text = text[len(kept):]
	}
	out.WriteString(text)
	return out.String()
}
