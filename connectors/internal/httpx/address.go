package httpx

import (
	"net"
	"strings"
)

// isLoopback tells whether a host name is this machine. Names are not looked up: what a name server says can change.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
