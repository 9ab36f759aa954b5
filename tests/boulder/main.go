// Command boulder says what Boulder, Let's Encrypt's CA, thinks of names, keys and requests.
//
// Each line of its input is a kind and a value in base64:
//
//	dns    a domain name
//	ip     an IP address
//	key    a SubjectPublicKeyInfo in DER
//	csr    a request in DER
//
// It answers each with a line: "ok", or why Boulder rejects the value.
package main

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/letsencrypt/boulder/core"
	"github.com/letsencrypt/boulder/csr"
	"github.com/letsencrypt/boulder/goodkey"
	"github.com/letsencrypt/boulder/identifier"
	"github.com/letsencrypt/boulder/policy"
)

// authority is Boulder's policy without its blocklists, which are not public.
type authority struct{ core.PolicyAuthority }

func (authority) WillingToIssue(idents identifier.ACMEIdentifiers, _ time.Time) error {
	return policy.WellFormedIdentifiers(idents)
}

func judge(kind string, value []byte, keys *goodkey.KeyPolicy) error {
	switch kind {
	case "dns", "ip":
		ident := identifier.ACMEIdentifier{Type: identifier.IdentifierType(kind), Value: string(value)}
		return policy.WellFormedIdentifiers(identifier.Normalize(identifier.ACMEIdentifiers{ident}))
	case "key":
		key, err := x509.ParsePKIXPublicKey(value)
		if err != nil {
			return err
		}
		return keys.GoodKey(context.Background(), key)
	case "csr":
		request, err := x509.ParseCertificateRequest(value)
		if err != nil {
			return err
		}
		return csr.VerifyCSR(context.Background(), request, keys, authority{})
	}
	return errors.New("no such kind")
}

func main() {
	keys, err := goodkey.NewPolicy(nil, nil)
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		kind, encoded, _ := strings.Cut(lines.Text(), " ")
		value, err := base64.StdEncoding.DecodeString(encoded)
		if err == nil {
			err = judge(kind, value, &keys)
		}
		answer := "ok"
		if err != nil {
			answer = fmt.Sprintf("%q", err.Error())
		}
		fmt.Println(answer)
	}
}
