package recall

// Numbers keep a number for each of very many hashes, exactly, in memory that does not grow with them: in a table as long
// as they are few, and beyond that in a temporary file, behind a filter that tells at once of most hashes that they are
// not in it. The zero Numbers are empty. What a hash of two texts costs, its users say.
type Numbers struct {
	table []pair // open addressing; a power of two long; nil: empty
	used  int    // of table
	file  *numberFile
}

// pair is a hash, never 0, with its number; 0: taken back.
type pair struct{ hash, number uint64 }

// numbersMemory bounds the table of Numbers, in pairs of sixteen bytes.
var numbersMemory = 1 << 16

// Empty tells whether nothing was put in since the last Reset.
func (c *Numbers) Empty() bool { return c.used == 0 && c.file == nil }

// Get gives the number of a hash, 0 for none.
func (c *Numbers) Get(hash uint64) (uint64, error) {
	hash = max(hash, 1)
	if c.file != nil {
		return c.file.get(hash)
	}
	if len(c.table) == 0 {
		return 0, nil
	}
	return c.table[c.slot(hash)].number, nil
}

// slot is where a hash stands in the table, or would.
func (c *Numbers) slot(hash uint64) int {
	mask := len(c.table) - 1
	i := int(spread(hash)>>32) & mask
	for c.table[i].hash != 0 && c.table[i].hash != hash {
		i = (i + 1) & mask
	}
	return i
}

// spread makes all bits of a hash count in the leading ones.
func spread(hash uint64) uint64 { return (hash ^ hash>>31) * 0x9e3779b97f4a7c15 }

// Put sets the number of a hash; 0 takes it back.
func (c *Numbers) Put(hash, number uint64) error {
	hash = max(hash, 1)
	if c.file == nil && c.used >= len(c.table)/4*3 {
		if err := c.grow(); err != nil {
			return err
		}
	}
	if c.file != nil {
		return c.file.put(pair{hash, number})
	}
	at := &c.table[c.slot(hash)]
	if at.hash == 0 {
		c.used++
	}
	*at = pair{hash, number}
	return nil
}

// grow makes room for one more. Where no temporary file can be made, the table grows on.
func (c *Numbers) grow() error {
	old := c.table
	if len(old) >= numbersMemory {
		if file, err := newNumberFile(); err == nil {
			c.file, c.table, c.used = file, nil, 0
			for _, p := range old {
				if p.hash != 0 {
					if err := file.put(p); err != nil {
						return err
					}
				}
			}
			return nil
		}
	}
	c.table, c.used = make([]pair, max(64, 2*len(old))), 0
	for _, p := range old {
		if p.hash != 0 && p.number != 0 {
			c.table[c.slot(p.hash)] = p
			c.used++
		}
	}
	return nil
}

// Reset forgets everything.
func (c *Numbers) Reset() {
	c.Close()
	clear(c.table)
}

// Close gives the file back; the Numbers are empty then.
func (c *Numbers) Close() {
	if c.file != nil {
		c.file.close()
	}
	c.file, c.used = nil, 0
}
