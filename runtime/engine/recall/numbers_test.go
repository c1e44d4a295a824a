package recall

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// What is remembered comes back, in the table, on the way to the file, and in it; so does what was changed and taken back.
func TestNumbers(t *testing.T) {
	defer Bound(64)()
	var c Numbers
	defer c.Close()
	check := func(hash, want uint64) {
		t.Helper()
		if got, err := c.Get(hash); err != nil || got != want {
			t.Fatalf("%x: %d, want %d, %v", hash, got, want, err)
		}
	}
	want := map[uint64]uint64{}
	rnd := rand.New(rand.NewPCG(1, 2))
	hash := func() uint64 { // in few parts, whose blocks then fill up
		return rnd.Uint64N(3)<<62 | rnd.Uint64N(4000)*(1<<40)
	}
	for i := range 60_000 {
		h, n := hash(), uint64(i)
		if i%5 == 0 {
			n = 0
		}
		want[max(h, 1)] = n
		if err := c.Put(h, n); err != nil {
			t.Fatal(err)
		}
		if h := hash(); i < 100 || i%7 == 0 {
			check(h, want[max(h, 1)])
		}
	}
	if c.file == nil || c.file.blocks == 0 {
		t.Fatal("nothing is in the file")
	}
	for h, n := range want {
		check(h, n)
	}
	for range 1000 {
		h := rnd.Uint64()
		check(h, want[h])
	}
	c.Reset()
	if !c.Empty() {
		t.Error("not empty")
	}
	check(1, 0)
}

// Where there is no place for temporary files, memory has to do.
func TestNumbersWithoutAFile(t *testing.T) {
	defer Bound(64)()
	t.Setenv("TMPDIR", t.TempDir()+"/none")
	t.Setenv("TMP", t.TempDir()+`\none`)
	var c Numbers
	for i := range uint64(10_000) {
		if err := c.Put(i*i+1, i+1); err != nil {
			t.Fatal(err)
		}
	}
	if c.file != nil {
		t.Fatal("there is a file")
	}
	for i := range uint64(10_000) {
		if got, err := c.Get(i*i + 1); err != nil || got != i+1 {
			t.Fatal(i, got, err)
		}
	}
}

// Nor where the file takes no more.
func TestOnAFullDisk(t *testing.T) {
	defer Bound(64)()
	full, err := os.Open(os.DevNull) // for reading alone
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	var c Numbers
	claims := pairs{file: full}
	var places []uint64
	for i := range uint64(10_000) {
		if err := c.Put(i*i+1, i+1); err != nil {
			t.Fatal(err)
		}
		places = append(places, claims.add([]byte{byte(i), byte(i >> 8)}, "source"))
		if c.file != nil && c.file.blocks == 0 && c.file.file != full {
			closeTemp(c.file.file)
			c.file.file = full
		}
	}
	if !c.file.full || !claims.full {
		t.Fatal("the disk was not full")
	}
	for i := range uint64(10_000) {
		if got, err := c.Get(i*i + 1); err != nil || got != i+1 {
			t.Fatal(i, got, err)
		}
		if a, b, err := claims.at(places[i]); err != nil || !bytes.Equal(a, []byte{byte(i), byte(i >> 8)}) || b != "source" {
			t.Fatal(i, a, b, err)
		}
	}
}

func TestPairs(t *testing.T) {
	defer Bound(100)()
	var c pairs
	defer c.close()
	var places []uint64
	for i := range 500 {
		place := c.add([]byte{byte(i), 0}, strings.Repeat("n", i%9))
		if place == 0 {
			t.Fatal("a pair has no place")
		}
		places = append(places, place)
	}
	if c.file == nil {
		t.Fatal("all are in memory")
	}
	for i, place := range places {
		a, b, err := c.at(place)
		if err != nil || !bytes.Equal(a, []byte{byte(i), 0}) || b != strings.Repeat("n", i%9) {
			t.Fatalf("%d: %v %q %v", i, a, b, err)
		}
	}
}
