package source

import (
	"io"
)

// stride is how many bytes arrive at most between two calls of Reader.Progress. Bytes and not time, because nothing in
// this package reads a clock; who draws has one and may skip calls.
const stride = 256 << 10

// Progress says how far one fetch over the network has come. Reading from a directory, a mirror or the cache is no
// fetch and is never told.
type Progress struct {
	// Source names what is fetched, without credentials: "chart web 1.0.0 of https://charts.example.com". Two fetches
	// at the same time may have one name. It is made of what people and servers wrote, and may hold any character.
	Source string
	Bytes  int64 // arrived so far; less than before where a broken connection made the fetch begin again
	Total  int64 // as the server states it, or zero where it does not; stated is not promised
	Done   bool  // the fetch is over, and no further call tells of it; Bytes and Total are then the whole
	Err    error // why a fetch that is Done gave nothing; the same error is returned to whoever asked
}

// begin tells that a fetch begins; the function that it gives tells that it is over. Attempts in between are one fetch.
func (r *Reader) begin(name string) (end func(size int64, err error)) {
	if r.Progress == nil {
		return func(int64, error) {}
	}
	r.Progress(Progress{Source: name})
	return func(size int64, err error) {
		r.Progress(Progress{Source: name, Bytes: size, Total: size, Done: true, Err: err})
	}
}

// watched gives a body that tells of its bytes while it is read. A total below zero, as net/http has it for an answer
// of no stated length, is unknown.
func (r *Reader) watched(name string, total int64, body io.Reader) io.Reader {
	if r.Progress == nil {
		return body
	}
	return &counted{body: body, tell: r.Progress, at: Progress{Source: name, Total: max(0, total)}}
}

// counted is a reader that counts. It is read by one goroutine.
type counted struct {
	body io.Reader
	tell func(Progress)
	at   Progress
	told int64 // the count of the last call
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.body.Read(p)
	c.at.Bytes += int64(n)
	// The first bytes are told, because the total is known with them, and then each doubling: a small archive of a slow
	// server would look stuck at the 512 bytes with which io.ReadAll begins.
	if n > 0 && c.at.Bytes-c.told >= min(c.told, stride) {
		c.told = c.at.Bytes
		c.tell(c.at)
	}
	return n, err
}
