package render

// Error is a failure that a person can act on: where, what, and what to do about it.
// Its text names the operation and the thing; the hint is printed on a line of its own by the command.
type Error struct {
	Pos  Position // zero where no file is to blame
	Err  error
	Hint string // one sentence, may be empty
}

// Error gives "file:line:column: cause", without the hint.
func (e *Error) Error() string {
	if p := e.Pos.String(); p != "" {
		return p + ": " + e.Err.Error()
	}
	return e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
