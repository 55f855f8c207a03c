package validate

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"sluice/render"
)

// Piece is some of the objects of one app, which are judged one by one.
type Piece struct {
	App     render.App
	Blanks  Blanks
	Objects []render.Object
}

// pieceSize is how many objects a piece has at most: enough that handing it out costs nothing beside judging it.
const pieceSize = 200

// Spread hands the objects of the results to judge, the pieces side by side, and gives what it says in their order. It is
// for rules that look at one object at a time; judge shares nothing that it changes.
func (in Input) Spread(ctx context.Context, judge func(Piece) ([]Finding, []Unchecked)) ([]Finding, []Unchecked, error) {
	var pieces []Piece
	for _, r := range in.Results {
		blanks := BlanksOf(r)
		for objects := range slices.Chunk(r.Set.Objects, pieceSize) {
			pieces = append(pieces, Piece{App: r.App, Blanks: blanks, Objects: objects})
		}
	}
	var found []Finding
	var unchecked []Unchecked
	for _, j := range Each(ctx, len(pieces), func(i int) (j judgement) {
		j.found, j.unchecked = judge(pieces[i])
		return j
	}) {
		found, unchecked = append(found, j.found...), append(unchecked, j.unchecked...)
	}
	return found, unchecked, ctx.Err()
}

// Each does a number of things side by side, as many as there are processors, and gives what comes of them in their order.
// When the context ends, what has not begun is left out.
func Each[T any](ctx context.Context, count int, do func(int) T) []T {
	all := make([]T, count)
	next := make(chan int)
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), count) {
		wait.Go(func() {
			for i := range next {
				all[i] = do(i)
			}
		})
	}
	for i := range count {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wait.Wait()
	return all
}
