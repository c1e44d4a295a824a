//go:build unix

package crash

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ours begins the names of the functions whose goroutines are worth a look.
var ours = regexp.MustCompile(`^(github\.com/syncline/syncline|main\.)`)

// brief shortens the stacks that a process leaves when SIGQUIT or a panic ends it: one line for each goroutine that is in
// code of ours, with what it waits for and the functions of ours, innermost first. Goroutines that only serve libraries are
// left out. A text without stacks stays as it is.
func brief(stacks string) string {
	head, rest, found := strings.Cut(stacks, "\ngoroutine ")
	if !found {
		return stacks
	}
	var lines []string
	for part := range strings.SplitSeq(rest, "\ngoroutine ") {
		number, doing, _ := strings.Cut(strings.SplitN(part, "\n", 2)[0], " ")
		if i := strings.Index(doing, "["); i >= 0 {
			doing = doing[i:]
		}
		var calls []string
		frames := strings.Split(part, "\n")
		for i := 1; i+1 < len(frames) && !strings.HasPrefix(frames[i], "created by "); i++ {
			if !ours.MatchString(frames[i]) {
				continue
			}
			name := frames[i]
			if end := strings.LastIndex(name, "("); end > 0 {
				name = name[:end]
			}
			place, _, _ := strings.Cut(strings.TrimSpace(frames[i+1]), " ")
			calls = append(calls, fmt.Sprintf("%s %s", name[strings.LastIndex(name, "/")+1:], filepath.Base(place)))
		}
		if len(calls) > 0 {
			lines = append(lines, fmt.Sprintf("%s %s %s", number, doing, strings.Join(calls, " < ")))
		}
	}
	slices.Sort(lines)
	return strings.TrimSpace(head) + "\n" + strings.Join(lines, "\n")
}

func TestBrief(t *testing.T) {
	const stacks = `SIGQUIT: quit
PC=0x492921 m=0 sigcode=0

goroutine 1 gp=0x59959c5e1e0 m=nil [chan receive, 2 minutes]:
runtime.gopark(0x7fee1a51ba00?, 0x153ee60?, 0x80?, 0x2f?, 0x5995a0114c8?)
	/usr/local/go/src/runtime/proc.go:462 +0xce fp=0x5995a011438 sp=0x5995a011418 pc=0x48974e
github.com/syncline/syncline/runtime.(*Server).Run(0x59959c59000, {0x18c7920, 0x59959ef1a40})
	/src/runtime/serve.go:318 +0x669 fp=0x5995a011608 sp=0x5995a0114d8 pc=0xe1f0a9
main.(*app).runServer(0x42e3b6?, {_, _}, {{0x7fff7302167a, 0xb}, {0x0, 0x0}, {0x0, 0x0}, {0x0, ...}, ...}, ...)
	/src/cmd/syncline/serve.go:157 +0x630 fp=0x5995a0117d0 sp=0x5995a011608 pc=0x13da510
runtime.goexit({})
	/usr/local/go/src/runtime/asm_amd64.s:1771 +0x1 fp=0x59959cc2fe8 sp=0x59959cc2fe0 pc=0x490de1

goroutine 32 gp=0x59959f3d0e0 m=nil [IO wait]:
net/http.(*persistConn).readLoop(0x59959e2cb40)
	/usr/local/go/src/net/http/transport.go:2330 +0x172 fp=0x59959fa0fc8 sp=0x59959fa0d80 pc=0x7470b2
created by github.com/syncline/syncline/runtime.(*Server).Run in goroutine 1
	/src/runtime/serve.go:311 +0x1f
`
	const want = `SIGQUIT: quit
PC=0x492921 m=0 sigcode=0
1 [chan receive, 2 minutes]: runtime.(*Server).Run serve.go:318 < main.(*app).runServer serve.go:157`
	if got := brief(stacks); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := brief("no stacks"); got != "no stacks" {
		t.Errorf("got %q", got)
	}
}
