package render

import (
	"bytes"
	"errors"
	"slices"

	"sluice/schemas"
)

// sifted is what of a stream is no object.
type sifted struct{ unread, foreign []error }

// Sift reads a stream as [Parse] does, and goes on behind what cannot be read: a document, or an item of a list. Whoever
// prunes by what comes out needs the whole, and takes Parse; this is for who judges, and says all that is unread.
// Every error has its place, and they come in the order of the text.
//
// Foreign is a document that states neither apiVersion nor kind, and a text that cannot be read and has neither word: the
// files of other tools are YAML too (a dashboard's have a number for apiVersion). One that states either is meant to be an
// object, and an item of a list is; but one of a group that Kubernetes does not have, and without any metadata, is foreign:
// programs have their settings so (kind.x-k8s.io Cluster, audit.k8s.io Policy).
func Sift(name string, text []byte) (set Set, unread, foreign []error) {
	var found sifted
	p := parser{name: name, sift: &found}
	set, _ = p.stream(text) // every error is in found
	return set, found.unread, found.foreign
}

// ofKubernetes says whether Kubernetes itself has a group. One that it gave up is among them where a version of it is left.
func ofKubernetes(group string) bool {
	return slices.ContainsFunc(schemas.APIs(schemas.NewestMinor), func(api schemas.API) bool { return api.Group == group })
}

// foreign marks the error of a document that is no object of Kubernetes.
type foreign struct{ error }

// foreign marks an error.
func (p *parser) foreign(err *Error) error {
	if p.sift == nil {
		return err
	}
	return foreign{err}
}

// unread takes down an error of a part of the text, so that the parse goes on, or gives it back. Of an item of a list
// there is no text.
func (p *parser) unread(err error, text []byte) error {
	if err == nil || p.sift == nil {
		return err
	}
	marked, is := errors.AsType[foreign](err)
	switch {
	case is && text != nil:
		p.sift.foreign = append(p.sift.foreign, marked.error)
	case is: // an item of a list is meant to be an object
		p.sift.unread = append(p.sift.unread, marked.error)
	case text != nil && !bytes.Contains(text, []byte("apiVersion")) && !bytes.Contains(text, []byte("kind")):
		p.sift.foreign = append(p.sift.foreign, err)
	default:
		p.sift.unread = append(p.sift.unread, err)
	}
	return nil
}
