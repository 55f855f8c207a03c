package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"sluice/render"
)

// maxGiven bounds what is read of a file that the command line names and that has no size of its own, in bytes: a device may
// never end.
const maxGiven = 256 << 20

// given reads a file that the command line names, whole. A shell's <(...) is a named pipe, so these are read; one that nobody
// writes to is given up when the context ends.
func given(ctx context.Context, name string) ([]byte, error) {
	return awaited(ctx, func() ([]byte, error) { return whole(name) })
}

// whole is given for who can be left behind.
func whole(name string) ([]byte, error) {
	stat, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case stat.IsDir():
		return nil, &render.Error{Err: fmt.Errorf("%s is a directory", name), Hint: "name a file"}
	case stat.Mode().IsRegular():
		return os.ReadFile(name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return bounded(f, name)
}

// bounded reads what has no size of its own.
func bounded(r io.Reader, name string) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxGiven+1))
	if err == nil && len(text) > maxGiven {
		return nil, &render.Error{Err: fmt.Errorf("%s has more than %d bytes", name, maxGiven), Hint: "name a file, or a pipe that ends"}
	}
	return text, err
}

// awaited lets work go on until the context ends, and leaves it behind then: nothing else ends the wait for a pipe's writer, or
// a policy that is not done in a lifetime.
func awaited[Out any](ctx context.Context, work func() (Out, error)) (Out, error) {
	type outcome struct {
		out Out
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		out, err := work()
		done <- outcome{out, err}
	}()
	select {
	case o := <-done:
		return o.out, o.err
	case <-ctx.Done():
		var none Out
		return none, errors.New("it did not come to an end before the work was ended")
	}
}
