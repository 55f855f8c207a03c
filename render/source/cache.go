package source

import (
	"context"
	"sync"
)

// cache reads each key once. Callers with one key take turns, and the first that succeeds reads for all of them. A
// failure is not kept: it may be the first caller's own cancelled context.
type cache[T any] struct {
	mu    sync.Mutex
	slots map[string]*slot[T]
}

// slot is the place of one key. Its fields besides the channel belong to whoever holds the token.
type slot[T any] struct {
	turn chan struct{} // holds one token while somebody reads
	full bool
	held T
}

// load gives what is held for key, or what read gives. It returns early with the context's error while it waits for its
// turn, which golang.org/x/sync/singleflight does not: there one caller's cancelled context fails the others.
func (c *cache[T]) load(ctx context.Context, key string, read func() (T, error)) (T, error) {
	c.mu.Lock()
	if c.slots == nil {
		c.slots = make(map[string]*slot[T])
	}
	s := c.slots[key]
	if s == nil {
		s = &slot[T]{turn: make(chan struct{}, 1)}
		c.slots[key] = s
	}
	c.mu.Unlock()

	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
	if s.full {
		return s.held, nil
	}
	got, err := read()
	if err == nil {
		s.held, s.full = got, true
	}
	return got, err
}
