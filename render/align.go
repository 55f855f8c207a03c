package render

import (
	"slices"
	"strings"
)

// The bounds beyond which an alignment is no longer the best one, though still a right one.
const (
	maxScript = 256  // elements that only one side has, in one search
	maxGap    = 4096 // pairs of elements whose likeness is looked at
)

// pair is an element of a left and one of a right list that belong together; -1 where a side has none.
type pair struct{ left, right int }

// align pairs the elements of two lists in their order: equal ones with each other, between them those most alike.
func align(left, right []any) []pair {
	matches := script(len(left), len(right), func(i, j int) bool { return same(left[i], right[j]) })
	matches = append(matches, pair{len(left), len(right)})
	var pairs []pair
	i, j := 0, 0
	for _, m := range matches {
		pairs = append(pairs, between(left[i:m.left], right[j:m.right], pair{i, j})...)
		if m.left < len(left) && m.right < len(right) {
			pairs = append(pairs, m)
		}
		i, j = m.left+1, m.right+1
	}
	return pairs
}

// between pairs the elements of two runs that have no equal ones, so that as much as possible is alike in sum; what is
// left over counts as removed and added. The runs begin at the pair given.
func between(left, right []any, from pair) []pair {
	n, m := len(left), len(right)
	pairs := make([]pair, 0, max(n, m))
	if n*m <= 1 || n*m > maxGap {
		for i := range max(n, m) {
			p := pair{-1, -1}
			if i < n {
				p.left = from.left + i
			}
			if i < m {
				p.right = from.right + i
			}
			pairs = append(pairs, p)
		}
		return pairs
	}
	// best[i][j] is the most likeness that the rests from i and j can have. The small surplus pairs as many as possible.
	best := make([][]float64, n+1)
	like := make([][]float64, n)
	for i := n; i >= 0; i-- {
		best[i] = make([]float64, m+1)
		if i == n {
			continue
		}
		like[i] = make([]float64, m)
		for j := m - 1; j >= 0; j-- {
			like[i][j] = 0.01 + likeness(left[i], right[j])
			best[i][j] = max(best[i+1][j], best[i][j+1], like[i][j]+best[i+1][j+1])
		}
	}
	i, j := 0, 0
	for i < n || j < m {
		switch {
		case i < n && j < m && best[i][j] == like[i][j]+best[i+1][j+1]:
			pairs = append(pairs, pair{from.left + i, from.right + j})
			i, j = i+1, j+1
		case j == m || i < n && best[i][j] == best[i+1][j]:
			pairs = append(pairs, pair{from.left + i, -1})
			i++
		default:
			pairs = append(pairs, pair{-1, from.right + j})
			j++
		}
	}
	return pairs
}

// script gives pairs of equal elements of two lists of n and m elements, a longest common subsequence, after E. Myers, "An
// O(ND) Difference Algorithm and Its Variations" (1986). Every maxScript differences it settles for what reaches
// furthest and goes on from there, so that lists which differ everywhere cost no more than their length times that.
func script(n, m int, equal func(i, j int) bool) []pair {
	end := 0
	for end < n && end < m && equal(n-1-end, m-1-end) {
		end++
	}
	var matches []pair
	for at := (pair{}); at.left < n-end || at.right < m-end; {
		from := at
		found, reached := shortest(n-end-from.left, m-end-from.right, func(i, j int) bool {
			return equal(from.left+i, from.right+j)
		})
		for _, p := range found {
			matches = append(matches, pair{from.left + p.left, from.right + p.right})
		}
		at = pair{from.left + reached.left, from.right + reached.right}
	}
	for i := end; i > 0; i-- {
		matches = append(matches, pair{n - i, m - i})
	}
	return matches
}

// shortest is one search of script: the equal pairs up to where it came. It keeps the furthest place of every diagonal
// k = x - y for each number of differences and walks back through them.
func shortest(n, m int, equal func(i, j int) bool) ([]pair, pair) {
	limit := min(n+m, maxScript)
	middle := limit + 1
	furthest := make([]int, 2*limit+3)
	var trace [][]int
	for d := 0; ; d++ {
		best := pair{-1, -1}
		for k := -d; k <= d; k += 2 {
			x := furthest[middle+k-1] + 1 // one element of the left is gone
			if k == -d || k != d && furthest[middle+k-1] < furthest[middle+k+1] {
				x = furthest[middle+k+1] // one element of the right is new
			}
			for x < n && x-k < m && equal(x, x-k) {
				x++
			}
			furthest[middle+k] = x
			if x <= n && x-k <= m && x+x-k > best.left+best.right {
				best = pair{x, x - k}
			}
		}
		if best == (pair{n, m}) || d == limit {
			return walkBack(trace, best), best
		}
		trace = append(trace, slices.Clone(furthest[middle-d:middle+d+1]))
	}
}

// walkBack reads the equal pairs off the rounds before the last; trace[d][d+k] is the furthest place of diagonal k.
func walkBack(trace [][]int, end pair) []pair {
	var matches []pair
	x, y := end.left, end.right
	for d := len(trace); d >= 0; d-- {
		fromX, fromY := 0, 0
		if d > 0 {
			k, before := x-y, trace[d-1]
			if k == -d || k != d && before[d-1+k-1] < before[d-1+k+1] {
				k++
			} else {
				k--
			}
			fromX = before[d-1+k]
			fromY = fromX - k
		}
		for x > fromX && y > fromY {
			x, y = x-1, y-1
			matches = append(matches, pair{x, y})
		}
		x, y = fromX, fromY
	}
	slices.Reverse(matches)
	return matches
}

// Lines aligns two texts line by line: lines of both begin with " ", those of Left alone with "-", those of Right alone
// with "+". It gives nil where the values are no texts. The end of a text without a final newline is a line like any.
func (e Edit) Lines() []string {
	l, isText := e.Left.(string)
	r, both := e.Right.(string)
	if !isText || !both {
		return nil
	}
	left, right := splitLines(l), splitLines(r)
	matches := script(len(left), len(right), func(i, j int) bool { return left[i] == right[j] })
	var lines []string
	i, j := 0, 0
	for _, p := range append(matches, pair{len(left), len(right)}) {
		for ; i < p.left; i++ {
			lines = append(lines, "-"+left[i])
		}
		for ; j < p.right; j++ {
			lines = append(lines, "+"+right[j])
		}
		if i < len(left) && j < len(right) {
			lines = append(lines, " "+left[i])
		}
		i, j = i+1, j+1
	}
	return lines
}

// noNewline is the line that stands for a missing final newline, worded as diff and git do.
const noNewline = `\ No newline at end of file`

// splitLines cuts a text into lines. Texts that differ in their final newline alone differ in a line.
func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	if last := len(lines) - 1; lines[last] == "" {
		return lines[:last]
	}
	return append(lines, noNewline)
}
