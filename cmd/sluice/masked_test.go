package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// What looks like a credential is in no form of the output and in no error, wherever it was pasted. It is made here, so that
// none stands in this file.
func TestCredentialsAreNotRepeated(t *testing.T) {
	token := "hv" + "s.CAESIJ3vT8xW1nRk5LmY7sBdQ9"
	field := fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: pasted}\nspec:\n  containers: [{name: web, image: web}]\n  %s: a\n", token)
	enum := fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: pasted}\nspec:\n  containers: [{name: web, image: web, imagePullPolicy: %s}]\n", token)
	twice := fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pasted}\ndata:\n  %s: a\n  %[1]s: b\n", token)
	for _, c := range []struct {
		text, form string
		code       int
	}{
		{field, "text", exitFindings},
		{field, "json", exitFindings},
		{field, "kubeconform-json", exitFindings},
		{enum, "text", exitFindings},
		{twice, "text", exitError},
	} {
		var out, said bytes.Buffer
		code := run(t.Context(), streams{strings.NewReader(c.text), &out, &said}, []string{"validate", "-", "-o", c.form})
		if all := out.String() + said.String(); code != c.code || strings.Contains(all, token) || !strings.Contains(all, "***") {
			t.Errorf("%s, exit code %d:\n%s", c.form, code, all)
		}
	}
}
