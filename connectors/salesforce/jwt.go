package salesforce

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"strings"
	"time"

	"github.com/syncline/syncline/connectors"
)

type clock = func() time.Time

const (
	loginAudience, sandboxAudience = "https://login.salesforce.com", "https://test.salesforce.com"
	// assertionLasts is how long an assertion is good; Salesforce takes up to three minutes.
	assertionLasts = 2 * time.Minute
)

// signer makes assertions for the JWT bearer flow.
type signer struct {
	issuer, subject, audience string
	key                       *rsa.PrivateKey
	now                       clock
}

func newSigner(s connectors.Settings, key string, now clock) (*signer, error) {
	g := &signer{issuer: s.Text("client_id"), subject: s.Text("username"), audience: s.Text("audience"), now: now}
	if g.subject == "" {
		return nil, setting("username", "it is missing; the JWT bearer flow needs the user to act as")
	}
	if g.audience == "" {
		g.audience = audienceOf(s.Text("url"))
	}
	name := "private_key"
	if s.Text(name) == "" {
		name = "private_key_file"
	}
	var err error
	if g.key, err = parseKey(key); err != nil {
		return nil, setting(name, "%v", err)
	}
	return g, nil
}

// audienceOf tells a sandbox from a production organisation by its address.
func audienceOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return loginAudience
	}
	host := u.Hostname()
	if host == "test.salesforce.com" || strings.Contains(host, ".sandbox.") || strings.Contains(host, ".scratch.") || strings.Contains(host, "--") {
		return sandboxAudience
	}
	return loginAudience
}

type keyError string

func (e keyError) Error() string { return string(e) }

// parseKey reads an RSA key in PEM form. Its errors never hold any of it.
func parseKey(text string) (*rsa.PrivateKey, error) {
	// A key in an environment variable often has its line ends spelled out.
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, `\n`, "\n")
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, keyError("this is not a key in PEM form (-----BEGIN PRIVATE KEY----- and so on)")
	}
	var parsed any
	var err error
	switch {
	case block.Headers["DEK-Info"] != "" || strings.Contains(block.Type, "ENCRYPTED"):
		return nil, keyError("the key is protected by a passphrase; give one without (openssl rsa -in KEY -out PLAINKEY)")
	case block.Type == "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case block.Type == "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	default:
		return nil, keyError("this is a " + strings.ToLower(block.Type) + ", not a private key")
	}
	if err != nil {
		return nil, keyError("the key cannot be read; is it whole?")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, keyError("Salesforce takes RSA keys only")
	}
	if key.N.BitLen() < 2048 {
		return nil, keyError("the key is shorter than 2048 bits")
	}
	return key, nil
}

// assertion makes a signed statement that we may act as the user.
func (g *signer) assertion() (string, error) {
	claims, err := json.Marshal(map[string]any{
		"iss": g.issuer, "sub": g.subject, "aud": g.audience, "exp": g.now().Add(assertionLasts).Unix(),
	})
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding
	text := enc.EncodeToString([]byte(`{"alg":"RS256"}`)) + "." + enc.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, g.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return text + "." + enc.EncodeToString(signature), nil
}
