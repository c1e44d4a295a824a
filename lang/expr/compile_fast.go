package expr

// fastValue and fastTest give closures for the shapes that mappings are made of; nil for any other.

func (c *compiler) fastValue(n *Node) evalFn { return nil }

func (c *compiler) fastTest(n *Node) testFn { return nil }
