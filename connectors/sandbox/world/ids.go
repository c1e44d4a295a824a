package world

// Key prefixes of Salesforce objects.
const (
	PrefixAccount     = "001"
	PrefixContact     = "003"
	PrefixUser        = "005"
	PrefixOpportunity = "006"
	PrefixTask        = "00T"
	PrefixEvent       = "00U"
	PrefixCase        = "500"
	PrefixFeedItem    = "0D5"
	PrefixRecordType  = "012"
)

// Key prefixes of Gainsight objects, as their describe gives them: all Gsids of an object start so.
const (
	GsidUser          = "1P01C503CKNHR9B14K"
	GsidCompany       = "1P02C503CKNHR9B14K"
	GsidPerson        = "1P03C503CKNHR9B14K"
	GsidCompanyPerson = "1C01C503CKNHR9B14K"
	GsidCTA           = "1S01C503CKNHR9B14K"
	GsidTask          = "1S02C503CKNHR9B14K"
	GsidPlan          = "1S03C503CKNHR9B14K"
	GsidActivity      = "1I01C503CKNHR9B14K"
	GsidPicklist      = "1I00C503CKNHR9B14K"
	GsidSurvey        = "1Z01C503CKNHR9B14K"
	GsidUsage         = "1Z02C503CKNHR9B14K"
)

// OrgID is the id of the simulated Salesforce organisation.
const OrgID = "00D5g0000000001EAA"

const (
	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	base36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	// pod stands between the key prefix and the number, as the instance does in real ids.
	pod = "5g0000"
	// numberDigits is the length of the number: 62^6 records an object.
	numberDigits = 6
)

// SalesforceID is the 18-character id of the n-th record of an object. Ids of one object sort as their numbers do.
func SalesforceID(prefix string, n uint64) string {
	var b [18]byte
	copy(b[:], prefix)
	copy(b[3:], pod)
	for i := 14; i >= 15-numberDigits; i-- {
		b[i] = base62[n%62]
		n /= 62
	}
	suffix(&b)
	return string(b[:])
}

// suffix sets the three characters that tell the case of the others.
func suffix(b *[18]byte) {
	for group := range 3 {
		bits := 0
		for j := range 5 {
			if c := b[group*5+j]; c >= 'A' && c <= 'Z' {
				bits |= 1 << j
			}
		}
		b[15+group] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits]
	}
}

// FullID gives the 18-character form of an id of 15 or 18 characters; false when it is no such id.
func FullID(id string) (string, bool) {
	if len(id) != 15 && len(id) != 18 {
		return "", false
	}
	var b [18]byte
	for i := range 15 {
		c := id[i]
		if digit62(c) < 0 {
			return "", false
		}
		b[i] = c
	}
	suffix(&b)
	if len(id) == 15 {
		return string(b[:]), true
	}
	// Clients that changed the case of all letters are not repaired: the suffix must fit.
	for i := 15; i < 18; i++ {
		c := id[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != b[i] {
			return "", false
		}
	}
	return string(b[:]), true
}

// SalesforceNumber is the inverse of SalesforceID, for ids of 15 and 18 characters; false for ids that are not of this organisation.
func SalesforceNumber(id string) (prefix string, n uint64, ok bool) {
	if (len(id) != 15 && len(id) != 18) || id[3:15-numberDigits] != pod {
		return "", 0, false
	}
	for i := 15 - numberDigits; i < 15; i++ {
		d := digit62(id[i])
		if d < 0 {
			return "", 0, false
		}
		n = n*62 + uint64(d)
	}
	return id[:3], n, true
}

func digit62(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 36
	}
	return -1
}

// Gsid is the id of the n-th record of an object: 36 upper-case letters and digits, the object's prefix first. They
// do not sort by number: the middle is a hash, as in real tenants.
func Gsid(prefix string, n uint64) string {
	var b [36]byte
	copy(b[:], prefix)
	h := mix(n + 0x9e3779b97f4a7c15)
	for i := 18; i < 28; i++ {
		b[i] = base36[h%36]
		h /= 36
	}
	for i := 35; i >= 28; i-- {
		b[i] = base36[n%36]
		n /= 36
	}
	return string(b[:])
}

// GsidNumber is the inverse of Gsid; false when the text is not a Gsid of an object with this prefix.
func GsidNumber(prefix, gsid string) (uint64, bool) {
	if len(gsid) != 36 || gsid[:18] != prefix {
		return 0, false
	}
	var n uint64
	for i := 28; i < 36; i++ {
		switch c := gsid[i]; {
		case c >= '0' && c <= '9':
			n = n*36 + uint64(c-'0')
		case c >= 'A' && c <= 'Z':
			n = n*36 + uint64(c-'A') + 10
		default:
			return 0, false
		}
	}
	return n, Gsid(prefix, n) == gsid
}

// mix is the finalizer of splitmix64: a cheap hash whose neighbours have nothing in common.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
