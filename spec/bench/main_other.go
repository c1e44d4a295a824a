//go:build !unix

package main

import "os"

func main() {
	os.Stderr.WriteString("bench: measuring processes is written for Linux, BSD and macOS\n")
	os.Exit(2)
}
