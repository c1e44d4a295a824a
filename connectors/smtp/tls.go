package smtp

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
)

// roots are this machine's certificates and those of a file; nil: this machine's alone.
func roots(file, dir string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(data) {
		return nil, errors.New("it holds no certificate in PEM form")
	}
	return pool, nil
}

// inBase64 are the forms in which a login sends credentials; a server's refusal may repeat them.
func inBase64(user, password string) []string {
	if password == "" {
		return nil
	}
	e := base64.StdEncoding
	return []string{e.EncodeToString([]byte(password)), e.EncodeToString([]byte("\x00" + user + "\x00" + password))}
}
