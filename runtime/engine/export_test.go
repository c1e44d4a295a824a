package engine

// RememberCreates makes runs remember so many creates, until the function that it gives is called.
func RememberCreates(n int) (restore func()) {
	before := createsMost
	createsMost = n
	return func() { createsMost = before }
}
