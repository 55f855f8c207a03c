package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"sluice/render"
)

// farewell is how long the end of an interrupted run waits for its external engines. They end as soon as they hear of it:
// their processes are killed and their private directories removed.
const farewell = 5 * time.Second

// attendance counts the external engines at work. A render that is interrupted leaves behind what looks at no context,
// which is right for the linked engines; an external one has processes, and a directory with values in it.
type attendance struct {
	mu    sync.Mutex
	busy  int
	over  bool
	empty chan struct{} // closed when the last one has left after the end
}

// enter says whether an engine may begin.
func (a *attendance) enter() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.over {
		a.busy++
	}
	return !a.over
}

func (a *attendance) leave() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.busy--; a.over && a.busy == 0 {
		close(a.empty)
	}
}

// end lets no engine begin any more and waits for those at work.
func (a *attendance) end() {
	a.mu.Lock()
	a.over, a.empty = true, make(chan struct{})
	if a.busy == 0 {
		close(a.empty)
	}
	a.mu.Unlock()
	select {
	case <-a.empty:
	case <-time.After(farewell):
	}
}

// attended counts the calls of an external engine.
func attended[In any](a *attendance, engine func(context.Context, In) (render.Output, error)) func(context.Context, In) (render.Output, error) {
	return func(ctx context.Context, in In) (render.Output, error) {
		if !a.enter() {
			return render.Output{}, errors.New("the run is over")
		}
		defer a.leave()
		return engine(ctx, in)
	}
}
