package reload

import "os"

// identity is not known from a FileInfo here; sizes and times have to do.
func identity(os.FileInfo) uint64 { return 0 }
