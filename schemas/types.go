package schemas

// Schema is the shape of a value of a built-in kind. Schemas of one minor share their parts and refer to each other, in
// circles too; nothing of them may be changed.
type Schema struct {
	// Type is "object", "array", "string", "integer", "number" or "boolean"; empty for any value.
	Type string
	// Format narrows it: "int32", "int64", "double", "byte" (base64), "date-time", "micro-time", "duration",
	// "int-or-string" and "quantity" (of which the type is empty: a number or a string).
	Format string
	Enum   []string // the only values of a string; nil for any. Where the empty one is allowed too, it is listed
	// Fields are those of an object, by name; Required are names of them, sorted. An object that has neither Fields nor
	// Values takes any field; one whose Fields are empty and not nil takes none.
	Fields   map[string]*Schema
	Required []string
	// Waived are those of Required that only the published document asks for: the server takes an object without them, with
	// their zero value or a default, and all that are required within a status, which it drops unread.
	Waived   []string
	Values   *Schema // of an object that is a map: what its values are
	Elements *Schema // of an array
	// ListType is "atomic", "set" or "map", and Keys are the fields that tell elements of a map apart. Empty: nothing is said.
	ListType string
	Keys     []string
	// Defaults are the values that the server puts in where fields of an object are left out, by name; scalars only.
	Defaults map[string]any
	// Gates are the feature gates of fields that are off by default in this minor, by the name of the field: where nobody
	// turned them on, the server drops the field, or refuses it. Upstream marks not all, so a field that is not here may be one.
	Gates map[string][]string
}

// Kind is what one minor knows of one kind of one group/version.
type Kind struct {
	API
	Plural string
	Schema *Schema // nil where this minor does not serve it
	// Status says that it has a subresource of that name: what is applied to the object itself changes nothing in its status.
	Status bool
	// Gated says that a server of this minor has it only where one of its flags asks for it.
	Gated bool
	// Introduced, Deprecated and Removed are minors of Kubernetes 1, zero where none is: from Removed on it is not served.
	Introduced, Deprecated, Removed int
	Replacement                     API // zero where there is none
}
