package engine

// Remember makes runs keep so few hashes, and bytes of texts, in memory, until the function that it gives is called.
func Remember(n int) (restore func()) {
	hashes, bytes := recallTable, textsMemory
	recallTable, textsMemory = n, n
	return func() { recallTable, textsMemory = hashes, bytes }
}
