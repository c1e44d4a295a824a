// Package recall remembers something of very many records, exactly, in memory that does not grow with them: Numbers by
// hashes, and Texts by texts. What is too much for memory lies in temporary files, which go with the process; where there
// is no place for these, memory has to do.
package recall

import "os"

// Bound makes what is remembered from now on keep so few numbers, and bytes of texts, in memory, until the function that it
// gives is called. It is for tests.
func Bound(n int) (restore func()) {
	numbers, bytes := numbersMemory, pairsMemory
	numbersMemory, pairsMemory = n, n
	return func() { numbersMemory, pairsMemory = numbers, bytes }
}

// tempFile makes a file that goes with the process, however that ends, where the system can do that.
func tempFile() (*os.File, error) {
	file, err := os.CreateTemp("", "syncline-*")
	if err == nil {
		_ = os.Remove(file.Name()) // a system that keeps it as long as it is open removes it in closeTemp
	}
	return file, err
}

func closeTemp(file *os.File) {
	_ = file.Close()
	_ = os.Remove(file.Name())
}
