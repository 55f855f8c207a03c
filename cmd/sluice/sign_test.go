package main

import (
	"bytes"
	"os"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/rogpeppe/go-internal/testscript"
	"helm.sh/helm/v3/pkg/provenance"
)

// sign makes a key, signs an archive with it as helm package --sign does, and writes the public half: "sign ARCHIVE
// KEYRING".
func sign(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sign ARCHIVE KEYRING")
	}
	key, err := openpgp.NewEntity("robot", "", "robot@example.com", nil)
	ts.Check(err)
	text, err := (&provenance.Signatory{Entity: key}).ClearSign(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0])+".prov", []byte(text), 0o644))
	var ring bytes.Buffer
	ts.Check(key.Serialize(&ring))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), ring.Bytes(), 0o644))
}
