// Package runtime turns a folder of files into running rules: it reads the files, resolves settings,
// opens connections, fetches schemas, compiles, and runs the plans through the engine.
//
// The compiler is pure, so everything it may not touch is here: the environment, the network, the lock
// file and the state.
package runtime
