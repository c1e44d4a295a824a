package sandbox

// simulations lists the systems, in the order of their ports.
func simulations() []simulation {
	return nil
}
