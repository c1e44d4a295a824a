package salesforce

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/syncline/syncline/connectors"
)

// usageHolds is how long a reading of the usage is believed: after it, one call may ask again.
const usageHolds = 10 * time.Minute

var usageForm = regexp.MustCompile(`(?:^|[^-])api-usage=(\d+)/(\d+)`)

// usage is how much of the organisation's daily calls is used, as each answer tells. The quota is shared with
// everything else that talks to the organisation, so a part of it is left alone.
type usage struct {
	reserve float64 // percent
	now     clock

	mu        *sync.Mutex
	used, max int64
	at        time.Time
}

// observe reads the Sforce-Limit-Info header.
func (u *usage) observe(h http.Header) {
	m := usageForm.FindStringSubmatch(h.Get("Sforce-Limit-Info"))
	if m == nil {
		return
	}
	used, err1 := strconv.ParseInt(m[1], 10, 64)
	most, err2 := strconv.ParseInt(m[2], 10, 64)
	if err1 != nil || err2 != nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.used, u.max, u.at = used, most, u.now()
}

// gate stops calls when only the reserve is left.
func (u *usage) gate() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	age := u.now().Sub(u.at)
	if u.max <= 0 || age >= usageHolds {
		return nil
	}
	reserve := int64(float64(u.max) * u.reserve / 100)
	if u.max-u.used > reserve {
		return nil
	}
	return &connectors.Error{
		Class: connectors.Limit, Code: "api_usage", RetryAfter: usageHolds - age,
		Message: fmt.Sprintf("%d of the organisation's %d API calls a day are used; the other %d are left to others", u.used, u.max, u.max-u.used),
		Hint:    "calls come free as those of 24 hours ago fall out of the count; reserve_percent in the connection sets what is left alone",
	}
}
