package runtime

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Notifier tells a service manager (systemd, and those that speak its protocol) how the service is. Without one it is
// silent.
type Notifier struct {
	address  string
	watchdog time.Duration
}

// NewNotifier reads from the environment whether there is a service manager, and what it expects.
func NewNotifier(env Environment) *Notifier {
	n := &Notifier{}
	n.address, _ = env("NOTIFY_SOCKET")
	if text, ok := env("WATCHDOG_USEC"); ok {
		if us, err := strconv.ParseInt(text, 10, 64); err == nil && us > 0 {
			n.watchdog = time.Duration(us) * time.Microsecond
		}
	}
	if pid, ok := env("WATCHDOG_PID"); ok && pid != "" && pid != strconv.Itoa(os.Getpid()) {
		n.watchdog = 0
	}
	return n
}

// Tell sends lines such as "READY=1". That nobody listens is no failure of the service.
func (n *Notifier) Tell(lines ...string) {
	if n.address == "" {
		return
	}
	name := n.address
	if strings.HasPrefix(name, "@") {
		name = "\x00" + name[1:] // the abstract namespace
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = conn.Write([]byte(strings.Join(lines, "\n")))
}

// Watch tells the service manager that the service is alive, for as long as alive finds no error.
func (n *Notifier) Watch(ctx context.Context, alive func() error) {
	if n.address == "" || n.watchdog == 0 {
		return
	}
	tick := time.NewTicker(n.watchdog / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := alive(); err != nil {
				n.Tell("STATUS=" + err.Error())
				continue
			}
			n.Tell("WATCHDOG=1")
		}
	}
}

// patience is how long the scheduler's loop may be silent before it counts as stuck. It looks each ten seconds.
const patience = time.Minute

// Well says why the server is not well, nil when it is.
func (s *Server) Well() error {
	if beat := s.sched.Alive(); !beat.IsZero() {
		if silent := s.r.o.Now().Round(0).Sub(beat); silent > patience {
			return fmt.Errorf("the scheduler has not looked for %s", silent.Round(time.Second))
		}
	}
	return nil
}
